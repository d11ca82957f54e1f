use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Gateway, Server, header, pair, problem};

fn path(user: &Value) -> String {
    format!("/usuarios/{}", user["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_user_is_created_read_replaced_changed_and_removed() {
    let (gateway, _server) = pair().await;
    let answer = gateway
        .post(&json!({"nome": " Ana ", "email": "Ana@Exemplo.com"}))
        .await;
    assert_eq!(answer.status(), 201);
    let (location, tag) = (header(&answer, "location"), header(&answer, "etag"));
    let created: Value = answer.json().await.unwrap();
    let members: Vec<_> = created.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        members,
        ["id", "nome", "email", "criado_em", "atualizado_em"]
    );
    assert_eq!(
        (&created["nome"], &created["email"]),
        (&json!("Ana"), &json!("Ana@Exemplo.com"))
    );
    assert_eq!(location, path(&created));
    let time = created["criado_em"].as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");

    let answer = gateway.get(&location).await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "etag")),
        (200, tag.clone())
    );
    assert_eq!(header(&answer, "cache-control"), "no-cache");
    assert_eq!(answer.json::<Value>().await.unwrap(), created);

    let whole = json!({"nome": "Ana Maria", "email": "maria@exemplo.com"});
    let answer = gateway
        .ask(Method::PUT, &location)
        .json(&whole)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_ne!(header(&answer, "etag"), tag);
    let replaced: Value = answer.json().await.unwrap();
    assert_eq!(
        (&replaced["nome"], &replaced["email"]),
        (&whole["nome"], &whole["email"])
    );

    let part = json!({"nome": "Maria"});
    let answer = gateway
        .ask(Method::PATCH, &location)
        .json(&part)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let changed: Value = answer.json().await.unwrap();
    assert_eq!(
        (&changed["nome"], &changed["email"]),
        (&part["nome"], &whole["email"])
    );
    assert_eq!(changed["criado_em"], created["criado_em"]);

    let answer = gateway.ask(Method::DELETE, &location).send().await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.text().await.unwrap().as_str()
        ),
        (204, "")
    );
    for method in [Method::GET, Method::DELETE] {
        let answer = gateway.ask(method, &location).send().await.unwrap();
        problem(answer, 404).await;
    }
}

#[tokio::test]
async fn an_id_of_another_version_than_ours_is_nobodys() {
    let (gateway, _server) = pair().await;
    let other = "/usuarios/6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    problem(gateway.get(other).await, 404).await;
    let (user, _) = gateway.create("Ana", "ana@exemplo.com").await;
    let upper = path(&user).to_uppercase().replace("USUARIOS", "usuarios");
    assert_eq!(gateway.get(&upper).await.status(), 200);
}

#[tokio::test]
async fn an_e_mail_is_one_users_alone() {
    let (gateway, _server) = pair().await;
    gateway.create("Ana", "ana@exemplo.com").await;
    let (other, _) = gateway.create("João", "joao@exemplo.com").await;
    let taken = json!({"nome": "Outra", "email": "ANA@exemplo.com"});
    problem(gateway.post(&taken).await, 409).await;
    for method in [Method::PUT, Method::PATCH] {
        let request = gateway.ask(method, &path(&other)).json(&taken);
        problem(request.send().await.unwrap(), 409).await;
    }
}

#[tokio::test]
async fn a_state_that_the_client_has_is_not_sent_again() {
    let (gateway, _server) = pair().await;
    let (user, tag) = gateway.create("Ana", "ana@exemplo.com").await;
    let path = path(&user);
    let asked = async |condition: String| {
        let request = gateway
            .ask(Method::GET, &path)
            .header("if-none-match", condition);
        request.send().await.unwrap()
    };
    for condition in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
        let answer = asked(condition).await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "etag")),
            (304, tag.clone())
        );
        assert_eq!(answer.text().await.unwrap(), "");
    }
    assert_eq!(asked("\"x\"".to_owned()).await.status(), 200);
}

#[tokio::test]
async fn a_change_on_condition_is_made_only_in_the_state_that_was_read() {
    let (gateway, _server) = pair().await;
    let (user, first) = gateway.create("Ana", "ana@exemplo.com").await;
    let path = path(&user);
    let change = async |method: Method, condition: &str| {
        let request = gateway.ask(method, &path).header("if-match", condition);
        let body = json!({"nome": "Ana", "email": "ana@exemplo.com"});
        request.json(&body).send().await.unwrap()
    };
    let answer = change(Method::PUT, &first).await;
    assert_eq!(answer.status(), 200);
    let second = header(&answer, "etag");
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let weak = format!("W/{second}");
        for condition in [&first, &weak, &format!("{first}, \"x\"")] {
            problem(change(method.clone(), condition).await, 412).await;
        }
    }
    let any = change(Method::PATCH, "*").await;
    assert_eq!(any.status(), 200);
    let third = header(&any, "etag");
    let several = change(Method::PATCH, &format!("\"x\", {third}")).await;
    assert_eq!(several.status(), 200);
    let fourth = header(&several, "etag");
    assert_eq!(change(Method::DELETE, &fourth).await.status(), 204);
    // Where there is no user, that is what is said.
    problem(change(Method::PUT, &fourth).await, 404).await;
}

#[tokio::test]
async fn pages_link_to_each_other_until_every_user_was_seen_once() {
    let (gateway, _server) = pair().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let (user, _) = gateway
            .create("Ana", &format!("ana{number}@exemplo.com"))
            .await;
        ids.push(user["id"].clone());
    }
    let mut next = Some("/usuarios?limite=2".to_owned());
    let (mut seen, mut sizes) = (Vec::new(), Vec::new());
    while let Some(path) = next {
        let answer = gateway.get(&path).await;
        let links = header(&answer, "link");
        assert!(
            links.contains("</usuarios?limite=2>; rel=\"first\""),
            "{links}"
        );
        let page: Value = answer.json().await.unwrap();
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|user| user["id"].clone()));
        sizes.push(items.len());
        next = links
            .split_once(">; rel=\"next\"")
            .map(|(link, _)| link[1..].to_owned());
        assert_eq!(next.is_some(), page["next_page"].is_string());
        if let Some(next) = &next {
            assert!(next.contains("cursor="), "{next}");
        }
    }
    assert_eq!((seen, sizes), (ids, vec![2, 2, 1]));
}

#[tokio::test]
async fn a_creation_of_the_same_key_is_made_once() {
    let (gateway, _server) = pair().await;
    let create = async |nome: &str| {
        let request = gateway
            .ask(Method::POST, "/usuarios")
            .header("idempotency-key", "pedido 1");
        let body = json!({"nome": nome, "email": "ana@exemplo.com"});
        request.json(&body).send().await.unwrap()
    };
    let (first, second) = (create("Ana").await, create("Ana").await);
    assert_eq!(
        (first.status().as_u16(), second.status().as_u16()),
        (201, 201)
    );
    assert!(first.headers().get("idempotent-replayed").is_none());
    assert_eq!(header(&second, "idempotent-replayed"), "true");
    assert_eq!(header(&first, "location"), header(&second, "location"));
    problem(create("Outra").await, 409).await;
    // Nor is it made anew when it is gone.
    let gone = gateway.ask(Method::DELETE, &header(&first, "location"));
    assert_eq!(gone.send().await.unwrap().status(), 204);
    problem(create("Ana").await, 409).await;
}

#[tokio::test]
async fn a_full_store_is_429_and_says_when_to_come_back() {
    let server = Server::start(&[("MAX_USERS", "1")]).await;
    let gateway = Gateway::start(&[server.address], &[]).await;
    gateway.create("Ana", "ana@exemplo.com").await;
    let answer = gateway
        .post(&json!({"nome": "João", "email": "joao@exemplo.com"}))
        .await;
    assert_eq!(header(&answer, "retry-after"), "1");
    problem(answer, 429).await;
}

#[tokio::test]
async fn a_weak_tag_is_told_as_such_and_not_as_a_change() {
    let (gateway, _server) = pair().await;
    let (user, tag) = gateway.create("Ana", "ana@exemplo.com").await;
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let request = gateway
            .ask(method, &path(&user))
            .header("if-match", format!("W/{tag}"))
            .json(&json!({"nome": "Ana", "email": "ana@exemplo.com"}));
        let told = problem(request.send().await.unwrap(), 412).await;
        assert!(
            told.contains(&format!("W/{tag}")) && told.contains("sem W/"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn conditions_hold_for_every_method_and_in_their_order() {
    let (gateway, _server) = pair().await;
    let (user, tag) = gateway.create("Ana", "ana@exemplo.com").await;
    let (one, all, other) = (path(&user), "/usuarios".to_owned(), "\"x\"".to_owned());
    let weak = format!("\"x\", W/{tag}");
    let any = "*".to_owned();
    let none = String::new();
    let cases = [
        (Method::GET, &one, &other, &none, 412),
        (Method::GET, &one, &other, &tag, 412),
        (Method::GET, &one, &tag, &tag, 304),
        (Method::HEAD, &one, &none, &weak, 304),
        (Method::GET, &one, &any, &other, 200),
        (Method::PUT, &one, &none, &weak, 412),
        (Method::PATCH, &one, &tag, &any, 412),
        (Method::DELETE, &one, &none, &tag, 412),
        (Method::PUT, &one, &none, &other, 200),
        (Method::GET, &all, &other, &none, 412),
        (Method::GET, &all, &any, &other, 200),
        (Method::GET, &all, &none, &any, 304),
        (Method::POST, &all, &none, &any, 412),
        (Method::POST, &all, &other, &none, 412),
        (Method::DELETE, &one, &any, &other, 204),
        // Where nothing is, that is what is said.
        (Method::GET, &one, &other, &any, 404),
        (Method::PUT, &one, &none, &any, 404),
    ];
    for (method, path, if_match, if_none_match, status) in cases {
        let mut request = gateway.ask(method.clone(), path);
        if method != Method::GET && method != Method::HEAD {
            request = request.json(&json!({"nome": "Ana", "email": "ana@exemplo.com"}));
        }
        for (name, value) in [("if-match", if_match), ("if-none-match", if_none_match)] {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        let answer = request.send().await.unwrap();
        let case = format!("{method} {path} {if_match} {if_none_match}");
        assert_eq!(answer.status(), status, "{case}");
    }
}
