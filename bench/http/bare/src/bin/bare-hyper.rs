//! hyper alone: a task a connection, a function a request.

use std::convert::Infallible;

use bare::{HEADERS, TEXT, address};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::from(TEXT));
    if request.uri().path() != "/" {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    for (name, value) in HEADERS {
        let value = hyper::header::HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(address()).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(answer));
            // A client that goes away is no fault of a server.
            drop(connection.await);
        });
    }
}
