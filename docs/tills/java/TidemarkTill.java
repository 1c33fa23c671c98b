import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A till's side of the till rule, for Java 11 and later, without any library.
 *
 * <ol>
 * <li>A document is on the till's own disk before it is sent.
 * <li>Finishing a sale waits for the box two seconds at most.
 * <li>What was not answered is sent again, with the same id and content, for
 *     ever; after a minute marked {@code deferred} with its age.
 * <li>What was answered is kept fourteen days more: a box that is swapped may
 *     be filled again from it.
 * </ol>
 *
 * The JSON is put together by hand to keep the sample in one file; a till
 * uses its own JSON library.
 */
public final class TidemarkTill {
    private static final Duration WAIT = Duration.ofSeconds(2);
    private static final Duration KEEP = Duration.ofDays(14);
    private static final Pattern STATUS = Pattern.compile("\"status\"\\s*:\\s*\"(\\w+)\"");
    private static final Pattern ID = Pattern.compile("\"id\"\\s*:\\s*\"([^\"]*)\"");

    private final URI events;
    private final Path spool;
    private final String source;
    private final String token;
    private final Duration minute;
    private final String life;
    private final HttpClient client = HttpClient.newBuilder().connectTimeout(WAIT).build();
    private final Object news = new Object();
    private long number;

    public TidemarkTill(String box, Path spool, String source, String token, Duration minute) throws IOException {
        this.events = URI.create(box + "/v1/events");
        this.spool = spool;
        this.source = source;
        this.token = token;
        this.minute = minute;
        for (String folder : List.of("open", "done", "rejected")) {
            Files.createDirectories(spool.resolve(folder));
        }
        // A life of the till: a re-installed one must not use ids again.
        this.life = once("life", Long.toHexString(new SecureRandom().nextLong()));
        this.number = Long.parseLong(once("number", "0"));
        Thread sender = new Thread(this::sendForEver, "tidemark");
        sender.setDaemon(true);
        sender.start();
    }

    /** Keeps a sale and sends it; true if the box has answered within two seconds. */
    public boolean handIn(String kind, String lines) throws IOException, InterruptedException {
        Path path;
        synchronized (this) {
            number++;
            write(spool.resolve("number"), Long.toString(number));
            String day = LocalDate.now().toString();
            String till = source.substring(source.lastIndexOf(':') + 1);
            String id = life + "-" + day + "-" + till + "-" + number;
            // `%s` is where a later try says how old it is.
            String event = "{\"specversion\":\"1.0\",\"type\":\"" + kind + "\",\"source\":\"" + source + "\",\"id\":\"" + id
                    + "\",\"time\":\"" + Instant.now().truncatedTo(ChronoUnit.SECONDS) + "\",\"data\":{\"lines\":" + lines
                    + ",\"business_day\":\"" + day + "\",\"sequence\":" + number + "%s}}";
            path = spool.resolve("open").resolve(String.format("%09d.json", number));
            write(path, System.currentTimeMillis() + "\n" + id + "\n" + event);
        }
        long end = System.nanoTime() + WAIT.toNanos();
        synchronized (news) {
            news.notifyAll();
            while (Files.exists(path) && System.nanoTime() < end) {
                news.wait(Math.max(1, (end - System.nanoTime()) / 1_000_000));
            }
        }
        return !Files.exists(path);
    }

    /** Documents the box has not answered. */
    public List<Path> openDocuments() throws IOException {
        try (Stream<Path> files = Files.list(spool.resolve("open"))) {
            return files.filter(path -> path.toString().endsWith(".json")).sorted().collect(Collectors.toList());
        }
    }

    private void sendForEver() {
        while (true) {
            try {
                long wait = 0;
                for (Path path : openDocuments()) {
                    wait = send(path);
                    if (wait > 0) {
                        break;
                    }
                }
                if (wait > 0) {
                    Thread.sleep(wait);
                } else {
                    letGo();
                    synchronized (news) {
                        if (openDocuments().isEmpty()) {
                            news.wait(5_000);
                        }
                    }
                }
            } catch (IOException error) {
                System.err.println("the spool can't be read: " + error);
                pause();
            } catch (InterruptedException ended) {
                return;
            }
        }
    }

    /** Sends one document; the milliseconds to wait before the next. */
    private long send(Path path) throws IOException, InterruptedException {
        String[] kept = Files.readString(path).split("\n", 3);
        long age = System.currentTimeMillis() - Long.parseLong(kept[0]);
        String late = age >= minute.toMillis() ? ",\"deferred\":true,\"age_ms\":" + age : "";
        HttpRequest.Builder request = HttpRequest.newBuilder(events).timeout(WAIT)
                .header("Content-Type", "application/cloudevents+json")
                .POST(HttpRequest.BodyPublishers.ofString(kept[2].replace("%s", late)));
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        HttpResponse<String> answer;
        try {
            answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException none) {
            // No answer is no answer: the box may have it or not.
            return 1_000;
        }
        if (answer.statusCode() != 200) {
            return answer.headers().firstValue("Retry-After").filter(text -> text.matches("\\d{1,6}"))
                    .map(text -> Math.max(1_000, Long.parseLong(text) * 1_000)).orElse(1_000L);
        }
        String status = first(STATUS, answer.body());
        boolean isSaved = "accepted".equals(status) || "duplicate".equals(status) || "ignored".equals(status);
        if (!kept[1].equals(first(ID, answer.body())) || !(isSaved || "rejected".equals(status))) {
            return 1_000;
        }
        if (!isSaved) {
            System.err.println(kept[1] + " was rejected: " + answer.body());
        }
        Path to = spool.resolve(isSaved ? "done" : "rejected").resolve(path.getFileName());
        Files.move(path, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        synchronized (news) {
            news.notifyAll();
        }
        return 0;
    }

    private static String first(Pattern pattern, String text) {
        Matcher found = pattern.matcher(text);
        return found.find() ? found.group(1) : null;
    }

    private static void pause() {
        try {
            Thread.sleep(1_000);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    private void letGo() throws IOException {
        Instant before = Instant.now().minus(KEEP);
        try (Stream<Path> files = Files.list(spool.resolve("done"))) {
            for (Path path : files.collect(Collectors.toList())) {
                if (Files.getLastModifiedTime(path).toInstant().isBefore(before)) {
                    Files.delete(path);
                }
            }
        }
    }

    private String once(String name, String made) throws IOException {
        Path path = spool.resolve(name);
        if (!Files.exists(path)) {
            write(path, made);
        }
        return Files.readString(path);
    }

    /** On disk before anything else happens. */
    private static void write(Path path, String text) throws IOException {
        Path fresh = path.resolveSibling(path.getFileName() + ".new");
        Files.write(fresh, text.getBytes(StandardCharsets.UTF_8), StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE, StandardOpenOption.SYNC);
        Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Rings up receipts and hands them in; 0 if all were answered in time. */
    public static void main(String[] arguments) throws Exception {
        Map<String, String> told = new HashMap<>();
        for (int at = 0; at + 1 < arguments.length; at += 2) {
            told.put(arguments[at], arguments[at + 1]);
        }
        Duration minute = seconds(told.getOrDefault("--minute", "60"));
        TidemarkTill till = new TidemarkTill(told.getOrDefault("--box", "http://127.0.0.1:8380"),
                Path.of(told.getOrDefault("--spool", "spool")), told.getOrDefault("--till", "till:1"),
                told.get("--token"), minute);
        int receipts = Integer.parseInt(told.getOrDefault("--receipts", "1"));
        for (int receipt = 0; receipt < receipts; receipt++) {
            long began = System.nanoTime();
            till.handIn("tidemark.sale", "[{\"item\":\"4006381333931\",\"quantity\":1}]");
            System.out.printf("the receipt took %.3f s%n", (System.nanoTime() - began) / 1e9);
        }
        long end = System.nanoTime() + seconds(told.getOrDefault("--within", "300")).toNanos();
        while (!till.openDocuments().isEmpty() && System.nanoTime() < end) {
            Thread.sleep(200);
        }
        System.exit(till.openDocuments().isEmpty() ? 0 : 1);
    }

    private static Duration seconds(String text) {
        return Duration.ofMillis((long) (Double.parseDouble(text) * 1_000));
    }
}
