import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

class Desafio1 {
    public static void main(String[] args) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(args[0])).timeout(Duration.ofSeconds(2));
        var traceparent = System.getenv("TRACEPARENT");
        if (traceparent != null) request.header("traceparent", traceparent);
        var answer = HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
        if (answer.statusCode() != 200) throw new IllegalStateException("status " + answer.statusCode());
        System.out.println(answer.body());
    }
}
