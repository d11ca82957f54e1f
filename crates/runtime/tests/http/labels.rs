//! By which template each request is counted.

use super::*;

/// How often requests were counted, by method, template and status.
fn counted(server: &TestServer) -> Vec<(String, u32)> {
    let text = server.lifecycle.lifecycle().metrics().render().unwrap();
    let name = "http_server_request_duration_seconds_count{";
    let lines = text.lines().filter_map(|line| line.strip_prefix(name));
    let mut counted: Vec<_> = lines
        .map(|line| {
            let (labels, count) = line.split_once("} ").unwrap();
            let values: Vec<_> = labels.split('"').skip(1).step_by(2).collect();
            (values[..3].join(" "), count.parse().unwrap())
        })
        .collect();
    counted.sort();
    counted
}

async fn ask(server: &TestServer, method: &str, path: &str) {
    let request = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    exchange(server.connect().await, request.as_bytes()).await;
}

#[tokio::test]
async fn a_request_is_counted_by_the_template_of_its_route_whatever_its_method_gets() {
    let users = get(|| async { "olá" }).put(|| async { axum::http::StatusCode::NO_CONTENT });
    let others = Routes::new().route("/files/{*path}", get(|| async { "olá" }));
    let routes = hello()
        .route("/users/{id}", users)
        .route("/users/{id}", post(|| async { boom() }))
        .route("/users/me", get(|| async { "olá" }))
        .merge(others);
    let server = start(routes, limits()).await;
    for (method, path) in [
        ("GET", "/"),
        ("HEAD", "/"),
        ("POST", "/"),
        ("GET", "/users/1?x"),
        ("GET", "/users/%32"),
        ("PUT", "/users/1"),
        ("POST", "/users/1"),
        ("DELETE", "/users/1"),
        ("GET", "/users/me"),
        ("GET", "/files/a/b"),
        ("GET", "/files/"),
        ("GET", "/users/1/"),
        ("BREW", "/nothing"),
    ] {
        ask(&server, method, path).await;
    }
    let expected = [
        ("GET  404", 2),
        ("GET / 200", 1),
        ("GET /files/{*path} 200", 1),
        ("GET /users/me 200", 1),
        ("GET /users/{id} 200", 2),
        ("DELETE /users/{id} 405", 1),
        ("HEAD / 200", 1),
        ("POST / 405", 1),
        ("POST /users/{id} 500", 1),
        ("PUT /users/{id} 204", 1),
        ("_OTHER  404", 1),
    ];
    let mut expected = expected.map(|(labels, count)| (labels.to_owned(), count));
    expected.sort();
    assert_eq!(counted(&server), expected);
}

#[tokio::test]
async fn routes_that_others_made_are_counted_by_the_templates_that_they_tell() {
    let router = Router::new().route("/users/{id}", get(|| async { "olá" }));
    let routes = Routes::of(router, ["/users/{id}".to_owned()])
        .map(|router| {
            router
                .nest(
                    "/v1",
                    Router::new().route("/users", get(|| async { "olá" })),
                )
                .fallback(|| async { "nothing" })
        })
        .with_state(());
    let server = start(routes, limits()).await;
    for path in ["/users/1", "/v1/users", "/nothing"] {
        ask(&server, "GET", path).await;
    }
    let expected = [("GET  200", 2), ("GET /users/{id} 200", 1)];
    let expected = expected.map(|(labels, count)| (labels.to_owned(), count));
    assert_eq!(counted(&server), expected);
}
