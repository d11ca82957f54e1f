import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * {@code Chat URL} prints what it hears, until somebody says {@code fim}; {@code Chat URL TEXT} says
 * it once it has joined.
 */
class Chat {
    public static void main(String[] args) throws Exception {
        var over = new CompletableFuture<Void>();
        var listener = new WebSocket.Listener() {
            @Override
            public CompletionStage<?> onText(WebSocket chat, CharSequence text, boolean last) {
                System.out.println(text);
                if (args.length > 1) chat.sendText(args[1], true).thenRun(() -> over.complete(null));
                else if (text.toString().endsWith(": fim")) over.complete(null);
                chat.request(1);
                return null;
            }

            @Override
            public void onError(WebSocket chat, Throwable error) {
                over.completeExceptionally(error);
            }
        };
        var chat = HttpClient.newHttpClient().newWebSocketBuilder().connectTimeout(Duration.ofSeconds(2))
            .buildAsync(URI.create(args[0]), listener).join();
        over.get(20, TimeUnit.SECONDS);
        chat.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
    }
}
