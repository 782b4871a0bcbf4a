use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::online::Value;
use crate::serving::tests::serving_within;

async fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream
}

/// An answer that ends with its connection.
async fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

fn get_features() -> String {
    let body = r#"{"params":{"featureServiceName":"last","joinKeyMap":{"customer_id":7}}}"#;
    let path = ROUTES[0].1;
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_at_once_than_are_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let columns = [("amount", "float64")];
    let (serving, gate) = serving_within(folder.path(), &columns, vec![Value::Float64(0.5)], LOOK * 60);
    let limits = Limits {
        in_flight_max: 1,
        ..Limits::default()
    };
    let address = "127.0.0.1:0".parse().expect("an address");
    let server = Server::bind(address, Arc::clone(&serving), None, limits)
        .await
        .expect("a port");
    let address = server.address().expect("an address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async { drop(stopped.await) }));
    // Half a body holds no place.
    let request = get_features();
    let slow = send(address, &request[..request.len() - 1]).await;
    assert!(answer(send(address, &request).await).await.starts_with("HTTP/1.1 200"));
    drop(slow);
    // A read that waits for the store does.
    gate.set(true);
    let waiting = send(address, &request).await;
    let metrics = "GET /metrics HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n";
    while !answer(send(address, metrics).await)
        .await
        .contains("sandglass_requests_in_flight 1")
    {}
    let busy = answer(send(address, &request).await).await;
    assert!(
        busy.starts_with("HTTP/1.1 429") && busy.contains("retry-after: 1"),
        "{busy}"
    );
    assert!(busy.contains("1 requests are being answered"), "{busy}");
    gate.set(false);
    let waited = answer(waiting).await;
    assert!(
        waited.starts_with("HTTP/1.1 200") && waited.ends_with(r#"{"result":{"features":[0.5]}}"#),
        "{waited}"
    );
    drop(stop);
    running.await.expect("no panic");
}
