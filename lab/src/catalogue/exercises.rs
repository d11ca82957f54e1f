//! Generated from catalogue.toml by `cargo run -p catalogue write`; edits here are lost.

use super::{Asks, Exercise, Program, Row};

/// Every exercise, in the order in which they are shown and started.
pub const EXERCISES: &[Exercise] = &[
    Exercise {
        name: "desafio1",
        about: "containers in a network: a client asks a server every 5 s",
        services: &[
            Row {
                program: Program::of::<desafio1::Servidor>(),
                port: Some(8080),
                http: true,
                admin_port: 9111,
                asks: &[],
                settings: &[],
            },
            Row {
                program: Program::of::<desafio1::Client>(),
                port: None,
                http: false,
                admin_port: 9112,
                asks: &[Asks { service: "desafio1-servidor", setting: "SERVER_URL", form: "http://{}/" }],
                settings: &[],
            },
        ],
    },
    Exercise {
        name: "hello",
        about: "a remote procedure call over plain TCP: a name goes in, a greeting comes back",
        services: &[
            Row {
                program: Program::of::<hello::Server>(),
                port: Some(8180),
                http: false,
                admin_port: 9121,
                asks: &[],
                settings: &[],
            },
            Row {
                program: Program::of::<hello::Client>(),
                port: None,
                http: false,
                admin_port: 9122,
                asks: &[Asks { service: "hello-server", setting: "SERVER_ADDRESS", form: "{}" }],
                settings: &[("NAMES", "João,李小龙,Ana Maria")],
            },
        ],
    },
    Exercise {
        name: "grpc",
        about: "users over gRPC, kept for a while in memory or in Redis, and a REST gateway to them",
        services: &[
            Row {
                program: Program::of::<grpc::Servidor>(),
                port: Some(50051),
                http: false,
                admin_port: 9151,
                asks: &[],
                settings: &[],
            },
            Row {
                program: Program::of::<grpc::Cliente>(),
                port: Some(8100),
                http: true,
                admin_port: 9152,
                asks: &[Asks { service: "grpc-servidor", setting: "SERVER_ADDRESS", form: "{}" }],
                settings: &[],
            },
        ],
    },
    Exercise {
        name: "chat",
        about: "two services, WebSockets between them and browsers, a relay between each other",
        services: &[
            Row {
                program: Program::of::<chat::ServiceA>(),
                port: Some(8000),
                http: true,
                admin_port: 9141,
                asks: &[Asks { service: "serviceB", setting: "PEER_URL", form: "http://{}/relay" }],
                settings: &[],
            },
            Row {
                program: Program::of::<chat::ServiceB>(),
                port: Some(8001),
                http: true,
                admin_port: 9142,
                asks: &[Asks { service: "serviceA", setting: "PEER_URL", form: "http://{}/relay" }],
                settings: &[],
            },
        ],
    },
    Exercise {
        name: "sockets",
        about: "numbers over TCP: the server tells whether they are even, and more",
        services: &[
            Row {
                program: Program::of::<sockets::Server>(),
                port: Some(65432),
                http: false,
                admin_port: 9131,
                asks: &[],
                settings: &[],
            },
            Row {
                program: Program::of::<sockets::Client>(),
                port: None,
                http: false,
                admin_port: 9132,
                asks: &[Asks { service: "sockets-server", setting: "SERVER_ADDRESS", form: "{}" }],
                settings: &[("COUNT", "0")],
            },
        ],
    },
];
