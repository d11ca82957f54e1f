//! The hand-written HTML, CSS and scripts, and the guides with their pictures, embedded in the program.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";
const TEXT: &str = "text/plain; charset=utf-8";

const INDEX: &str = include_str!("assets/index.html");

/// A path, and the type and content of its answer.
type File = (&'static str, &'static str, &'static str);

/// The page: one document at every path, whose script looks which it is.
const FILES: &[File] = &[
    ("/", HTML, INDEX),
    // The same page, of one trace: a path as in Jaeger's.
    ("/trace/{id}", HTML, INDEX),
    ("/compare/{one}/{other}", HTML, INDEX),
    ("/mesh", HTML, INDEX),
    ("/play", HTML, INDEX),
    ("/wire", HTML, INDEX),
    ("/logs", HTML, INDEX),
    ("/lessons", HTML, INDEX),
    ("/guide", HTML, INDEX),
    ("/guide/{name}", HTML, INDEX),
    ("/guide/{name}/sheet", HTML, INDEX),
    ("/guide/{name}/teacher", HTML, INDEX),
    ("/page.css", CSS, include_str!("assets/page.css")),
    ("/controls.css", CSS, include_str!("assets/controls.css")),
    ("/traces.css", CSS, include_str!("assets/traces.css")),
    ("/waterfall.css", CSS, include_str!("assets/waterfall.css")),
    ("/mesh.css", CSS, include_str!("assets/mesh.css")),
    ("/views.css", CSS, include_str!("assets/views.css")),
    ("/guide.css", CSS, include_str!("assets/guide.css")),
    ("/app.js", SCRIPT, include_str!("assets/app.js")),
    ("/chat.js", SCRIPT, include_str!("assets/chat.js")),
    ("/cluster.js", SCRIPT, include_str!("assets/cluster.js")),
    (
        "/cluster-panel.js",
        SCRIPT,
        include_str!("assets/cluster-panel.js"),
    ),
    ("/commands.js", SCRIPT, include_str!("assets/commands.js")),
    ("/compare.js", SCRIPT, include_str!("assets/compare.js")),
    ("/deeds.js", SCRIPT, include_str!("assets/deeds.js")),
    ("/details.js", SCRIPT, include_str!("assets/details.js")),
    ("/dom.js", SCRIPT, include_str!("assets/dom.js")),
    ("/faults.js", SCRIPT, include_str!("assets/faults.js")),
    ("/first.js", SCRIPT, include_str!("assets/first.js")),
    ("/format.js", SCRIPT, include_str!("assets/format.js")),
    ("/graph.js", SCRIPT, include_str!("assets/graph.js")),
    ("/guide.js", SCRIPT, include_str!("assets/guide.js")),
    ("/hex.js", SCRIPT, include_str!("assets/hex.js")),
    ("/hues.js", SCRIPT, include_str!("assets/hues.js")),
    ("/kept.js", SCRIPT, include_str!("assets/kept.js")),
    ("/lessons.css", CSS, include_str!("assets/lessons.css")),
    ("/lessons.js", SCRIPT, include_str!("assets/lessons.js")),
    ("/lines.js", SCRIPT, include_str!("assets/lines.js")),
    ("/list.js", SCRIPT, include_str!("assets/list.js")),
    ("/live.js", SCRIPT, include_str!("assets/live.js")),
    ("/logs.js", SCRIPT, include_str!("assets/logs.js")),
    ("/mask.js", SCRIPT, include_str!("assets/mask.js")),
    ("/markdown.js", SCRIPT, include_str!("assets/markdown.js")),
    ("/mesh.js", SCRIPT, include_str!("assets/mesh.js")),
    ("/panel.js", SCRIPT, include_str!("assets/panel.js")),
    ("/parts.js", SCRIPT, include_str!("assets/parts.js")),
    ("/play.js", SCRIPT, include_str!("assets/play.js")),
    ("/poll.js", SCRIPT, include_str!("assets/poll.js")),
    ("/request.js", SCRIPT, include_str!("assets/request.js")),
    ("/row.js", SCRIPT, include_str!("assets/row.js")),
    ("/search.js", SCRIPT, include_str!("assets/search.js")),
    ("/settings.js", SCRIPT, include_str!("assets/settings.js")),
    ("/sheet.js", SCRIPT, include_str!("assets/sheet.js")),
    ("/shell.js", SCRIPT, include_str!("assets/shell.js")),
    ("/sparks.js", SCRIPT, include_str!("assets/sparks.js")),
    ("/spans.js", SCRIPT, include_str!("assets/spans.js")),
    ("/states.js", SCRIPT, include_str!("assets/states.js")),
    ("/trace.js", SCRIPT, include_str!("assets/trace.js")),
    ("/users.js", SCRIPT, include_str!("assets/users.js")),
    ("/waterfall.js", SCRIPT, include_str!("assets/waterfall.js")),
    ("/wire.js", SCRIPT, include_str!("assets/wire.js")),
    (
        "/words-cluster.js",
        SCRIPT,
        include_str!("assets/words-cluster.js"),
    ),
    (
        "/words-frame.js",
        SCRIPT,
        include_str!("assets/words-frame.js"),
    ),
    (
        "/words-guide.js",
        SCRIPT,
        include_str!("assets/words-guide.js"),
    ),
    (
        "/words-lessons.js",
        SCRIPT,
        include_str!("assets/words-lessons.js"),
    ),
    (
        "/words-mesh.js",
        SCRIPT,
        include_str!("assets/words-mesh.js"),
    ),
    (
        "/words-play.js",
        SCRIPT,
        include_str!("assets/words-play.js"),
    ),
    (
        "/words-spans.js",
        SCRIPT,
        include_str!("assets/words-spans.js"),
    ),
    (
        "/words-traces.js",
        SCRIPT,
        include_str!("assets/words-traces.js"),
    ),
    ("/words.js", SCRIPT, include_str!("assets/words.js")),
    ("/icon.svg", SVG, include_str!("assets/icon.svg")),
];

/// The guides, which the page links to, and their index, in both languages.
const GUIDES: &[File] = &[
    (
        "/guides/en/README",
        TEXT,
        include_str!("../../../docs/guides/README.md"),
    ),
    (
        "/guides/en/desafio1",
        TEXT,
        include_str!("../../../docs/guides/desafio1.md"),
    ),
    (
        "/guides/en/hello",
        TEXT,
        include_str!("../../../docs/guides/hello.md"),
    ),
    (
        "/guides/en/sockets",
        TEXT,
        include_str!("../../../docs/guides/sockets.md"),
    ),
    (
        "/guides/en/grpc",
        TEXT,
        include_str!("../../../docs/guides/grpc.md"),
    ),
    (
        "/guides/en/chat",
        TEXT,
        include_str!("../../../docs/guides/chat.md"),
    ),
    (
        "/guides/pt/README",
        TEXT,
        include_str!("../../../docs/guias/README.md"),
    ),
    (
        "/guides/pt/desafio1",
        TEXT,
        include_str!("../../../docs/guias/desafio1.md"),
    ),
    (
        "/guides/pt/hello",
        TEXT,
        include_str!("../../../docs/guias/hello.md"),
    ),
    (
        "/guides/pt/sockets",
        TEXT,
        include_str!("../../../docs/guias/sockets.md"),
    ),
    (
        "/guides/pt/grpc",
        TEXT,
        include_str!("../../../docs/guias/grpc.md"),
    ),
    (
        "/guides/pt/chat",
        TEXT,
        include_str!("../../../docs/guias/chat.md"),
    ),
];

/// The pictures of the guides, under the names that these give them.
const PICTURES: &[(&str, &[u8])] = &[
    (
        "/guides/en/chat-cut.png",
        include_bytes!("../../../docs/guides/chat-cut.png"),
    ),
    (
        "/guides/en/chat-mended.png",
        include_bytes!("../../../docs/guides/chat-mended.png"),
    ),
    (
        "/guides/en/grpc-frozen-bytes.png",
        include_bytes!("../../../docs/guides/grpc-frozen-bytes.png"),
    ),
    (
        "/guides/en/grpc-frozen.png",
        include_bytes!("../../../docs/guides/grpc-frozen.png"),
    ),
    (
        "/guides/en/hello-bytes.png",
        include_bytes!("../../../docs/guides/hello-bytes.png"),
    ),
    (
        "/guides/en/hello-frozen.png",
        include_bytes!("../../../docs/guides/hello-frozen.png"),
    ),
    (
        "/guides/en/hello-mesh.png",
        include_bytes!("../../../docs/guides/hello-mesh.png"),
    ),
    (
        "/guides/en/hello-trace.png",
        include_bytes!("../../../docs/guides/hello-trace.png"),
    ),
    (
        "/guides/pt/chat-cortado.png",
        include_bytes!("../../../docs/guias/chat-cortado.png"),
    ),
    (
        "/guides/pt/chat-entregue.png",
        include_bytes!("../../../docs/guias/chat-entregue.png"),
    ),
    (
        "/guides/pt/grpc-congelado-bytes.png",
        include_bytes!("../../../docs/guias/grpc-congelado-bytes.png"),
    ),
    (
        "/guides/pt/grpc-congelado.png",
        include_bytes!("../../../docs/guias/grpc-congelado.png"),
    ),
    (
        "/guides/pt/hello-bytes.png",
        include_bytes!("../../../docs/guias/hello-bytes.png"),
    ),
    (
        "/guides/pt/hello-congelado.png",
        include_bytes!("../../../docs/guias/hello-congelado.png"),
    ),
    (
        "/guides/pt/hello-malha.png",
        include_bytes!("../../../docs/guias/hello-malha.png"),
    ),
    (
        "/guides/pt/hello-trace.png",
        include_bytes!("../../../docs/guias/hello-trace.png"),
    ),
];

/// A route for each file.
pub(super) fn routes() -> Router {
    let files = FILES.iter().chain(GUIDES);
    let files = files.map(|(path, kind, content)| (*path, *kind, content.as_bytes()));
    let pictures = PICTURES
        .iter()
        .map(|(path, content)| (*path, PNG, *content));
    let files = files.chain(pictures);
    files.fold(Router::new(), |routes, (path, kind, content)| {
        let answer = move || async move { ([(CONTENT_TYPE, kind)], content).into_response() };
        routes.route(path, get(answer))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    #[test]
    fn every_script_and_style_that_the_page_names_is_there() {
        let paths: Vec<_> = FILES.iter().map(|(path, ..)| *path).collect();
        let scripts = FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT);
        let imported = scripts.flat_map(|(.., text)| text.split("\"./").skip(1));
        let imported = imported.filter_map(|rest| Some(format!("/{}", rest.split_once('"')?.0)));
        let linked = INDEX
            .split('"')
            .filter(|part| part.starts_with('/') && part.contains('.'));
        for path in imported.chain(linked.map(str::to_owned)) {
            assert!(paths.contains(&path.as_str()), "{path}");
        }
    }

    #[test]
    fn a_request_of_a_guide_goes_to_the_service_of_its_port() {
        let (.., script) = FILES
            .iter()
            .find(|(path, ..)| *path == "/request.js")
            .unwrap();
        let lines = script
            .lines()
            .skip_while(|line| !line.starts_with("const PORTS"));
        let lines = lines.skip(1).take_while(|line| *line != "};");
        let mut known: Vec<_> = lines.map(|line| line.trim().to_owned()).collect();
        known.sort();
        let rows = catalogue::services().map(|(_, row)| row);
        let asked = rows.filter(|row| row.http);
        let lines = asked.map(|row| format!("{}: \"{}\",", row.port.unwrap(), row.program.name));
        let mut there: Vec<_> = lines.collect();
        there.sort();
        assert_eq!(known, there);
    }

    #[test]
    fn every_picture_that_a_guide_shows_is_there_and_no_other() {
        let mut shown: Vec<_> = GUIDES
            .iter()
            .flat_map(|(path, _, text)| {
                let (folder, _) = path.rsplit_once('/').unwrap();
                let pictures = text.split("![").skip(1);
                let pictures = pictures.filter_map(|rest| rest.split_once("](")?.1.split_once(')'));
                pictures.map(move |(file, _)| format!("{folder}/{file}"))
            })
            .collect();
        shown.sort();
        let mut there: Vec<_> = PICTURES.iter().map(|(path, _)| *path).collect();
        there.sort_unstable();
        assert_eq!(shown, there);
        for (path, content) in PICTURES {
            assert!(content.starts_with(b"\x89PNG"), "{path}");
        }
    }
}
