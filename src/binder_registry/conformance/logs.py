"""What every `Log` must do."""



class LogConformance:
    pass
