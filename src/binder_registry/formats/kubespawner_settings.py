"""What `kubespawner_override` can set: the traits of KubeSpawner. It passes over everything else. Pure."""

_NAMES = """
    additional_profile_form_template_paths admin_access after_pod_created_hook allow_privilege_escalation
    api_token apply_user_options args auth_state_hook authenticator automount_service_account_token cert_paths cmd
    common_labels component_label config consecutive_failure_limit container_security_context
    cookie_host_prefix_enabled cookie_options cpu_guarantee cpu_limit db death_interval debug default_url
    delete_grace_period delete_pvc delete_stopped_pods disable_user_config dns_name_template
    enable_user_namespaces env env_keep environment events_enabled extra_annotations extra_container_config
    extra_containers extra_labels extra_pod_config extra_resource_guarantees extra_resource_limits fs_gid
    get_pod_url gid group_overrides handle_legacy_names handler http_timeout hub hub_connect_ip hub_connect_port
    hub_connect_url image image_pull_policy image_pull_secrets image_spec init_containers internal_certs_location
    internal_ssl internal_trust_bundles ip k8s_api_host k8s_api_request_retry_timeout k8s_api_request_timeout
    k8s_api_ssl_ca_cert k8s_api_threadpool_workers k8s_api_verify_ssl lifecycle_hooks log mem_guarantee mem_limit
    modify_pod_hook namespace node_affinity_preferred node_affinity_required node_selector notebook_dir
    oauth_access_scopes oauth_client_allowed_scopes oauth_client_id oauth_roles options_form options_from_form
    orm_spawner parent pod_affinity_preferred pod_affinity_required pod_anti_affinity_preferred
    pod_anti_affinity_required pod_connect_ip pod_name_template pod_security_context poll_interval poll_jitter
    port post_stop_hook pre_spawn_hook priority_class_name privileged profile_form_template profile_list
    progress_ready_hook proxy_spec public_hub_url public_url pvc_name_template remember_pvc_name scheduler_name
    secret_mount_path secret_name_template server_token_scopes service_account services_enabled
    singleuser_extra_annotations singleuser_extra_container_config singleuser_extra_containers
    singleuser_extra_labels singleuser_extra_pod_config singleuser_fs_gid singleuser_image_pull_policy
    singleuser_image_pull_secrets singleuser_image_spec singleuser_init_containers singleuser_node_selector
    singleuser_privileged singleuser_service_account singleuser_supplemental_gids singleuser_uid
    singleuser_working_dir slow_spawn_message slow_spawn_message_frequency slow_spawn_message_threshold
    slug_scheme ssl_alt_names ssl_alt_names_include_local start_timeout storage_access_modes storage_capacity
    storage_class storage_extra_annotations storage_extra_labels storage_pvc_ensure storage_selector
    supplemental_gids tolerations trusted_alt_names uid user user_namespace_annotations user_namespace_labels
    user_namespace_template user_options user_storage_access_modes user_storage_capacity user_storage_class
    user_storage_extra_labels user_storage_pvc_ensure volume_mounts volumes will_resume working_dir
"""
SETTINGS = frozenset(_NAMES.split())
OLD_NAMES = {"image_spec": "image", "singleuser_image_spec": "image"}
