"""What the API says of itself: parameters, members, bodies, schemas, and the OpenAPI that is made from them."""
