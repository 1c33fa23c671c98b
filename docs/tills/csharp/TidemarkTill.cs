using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;

/// <summary>
/// A till's side of the till rule, for .NET Framework 4.5, Mono and later,
/// without any package.
///
/// 1. A document is on the till's own disk before it is sent.
/// 2. Finishing a sale waits for the box two seconds at most.
/// 3. What was not answered is sent again, with the same id and content, for
///    ever; after a minute marked `deferred` with its age.
/// 4. What was answered is kept fourteen days more: a box that is swapped may
///    be filled again from it.
///
/// The JSON is put together by hand to keep the sample in one file; a till
/// uses its own JSON library.
/// </summary>
public sealed class TidemarkTill
{
    const int WaitMs = 2000;
    static readonly TimeSpan Keep = TimeSpan.FromDays(14);
    static readonly Regex Status = new Regex("\"status\"\\s*:\\s*\"(\\w+)\"");
    static readonly Regex Id = new Regex("\"id\"\\s*:\\s*\"([^\"]*)\"");
    static readonly DateTime Epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    readonly string box, spool, source, token, life;
    readonly double minuteMs;
    readonly object news = new object();
    long number;

    public TidemarkTill(string box, string spool, string source, string token, double minuteSeconds)
    {
        this.box = box;
        this.spool = spool;
        this.source = source;
        this.token = token;
        minuteMs = minuteSeconds * 1000;
        foreach (var folder in new[] { "open", "done", "rejected" })
        {
            Directory.CreateDirectory(Path.Combine(spool, folder));
        }
        // A life of the till: a re-installed one must not use ids again.
        life = Once("life", RandomHex());
        number = long.Parse(Once("number", "0"), CultureInfo.InvariantCulture);
        new Thread(SendForEver) { IsBackground = true, Name = "tidemark" }.Start();
    }

    /// <summary>Keeps a document and sends it; true if the box has answered within two seconds.</summary>
    public bool HandIn(string kind, string lines)
    {
        string path;
        lock (this)
        {
            number++;
            Write(Path.Combine(spool, "number"), number.ToString(CultureInfo.InvariantCulture));
            var day = DateTime.Now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            var time = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
            var id = life + "-" + day + "-" + source.Substring(source.LastIndexOf(':') + 1) + "-" + number;
            // `%s` is where a later try says how old it is.
            var text = "{\"specversion\":\"1.0\",\"type\":\"" + kind + "\",\"source\":\"" + source + "\",\"id\":\"" + id
                + "\",\"time\":\"" + time + "\",\"data\":{\"lines\":" + lines + ",\"business_day\":\"" + day
                + "\",\"sequence\":" + number + "%s}}";
            path = Path.Combine(spool, "open", number.ToString("D9", CultureInfo.InvariantCulture) + ".json");
            Write(path, NowMs() + "\n" + id + "\n" + text);
        }
        var watch = Stopwatch.StartNew();
        lock (news)
        {
            Monitor.PulseAll(news);
            while (File.Exists(path) && watch.ElapsedMilliseconds < WaitMs)
            {
                Monitor.Wait(news, Math.Max(1, WaitMs - (int)watch.ElapsedMilliseconds));
            }
        }
        return !File.Exists(path);
    }

    /// <summary>Documents the box has not answered.</summary>
    public List<string> OpenDocuments()
    {
        return Directory.GetFiles(Path.Combine(spool, "open"), "*.json").OrderBy(path => path, StringComparer.Ordinal).ToList();
    }

    void SendForEver()
    {
        while (true)
        {
            var wait = 0;
            try
            {
                foreach (var path in OpenDocuments())
                {
                    wait = Send(path);
                    if (wait > 0) break;
                }
                if (wait == 0) LetGo();
            }
            catch (IOException error)
            {
                Console.Error.WriteLine("the spool can't be read: " + error.Message);
                wait = 1000;
            }
            if (wait > 0)
            {
                Thread.Sleep(wait);
                continue;
            }
            lock (news)
            {
                if (OpenDocuments().Count == 0) Monitor.Wait(news, 5000);
            }
        }
    }

    /// <summary>Sends one document; the milliseconds to wait before the next.</summary>
    int Send(string path)
    {
        var kept = File.ReadAllText(path).Split(new[] { '\n' }, 3);
        var age = NowMs() - long.Parse(kept[0], CultureInfo.InvariantCulture);
        var late = age >= minuteMs ? ",\"deferred\":true,\"age_ms\":" + age : "";
        string answer;
        try
        {
            answer = Post(kept[2].Replace("%s", late));
        }
        catch (WebException error)
        {
            // No answer is no answer: the box may have it or not.
            var response = error.Response as HttpWebResponse;
            int seconds;
            var told = response == null ? null : response.Headers["Retry-After"];
            if (response != null) response.Close();
            return int.TryParse(told, out seconds) && seconds > 0 && seconds < 1000000 ? seconds * 1000 : 1000;
        }
        catch (IOException)
        {
            return 1000;
        }
        var status = Status.Match(answer).Groups[1].Value;
        var isSaved = status == "accepted" || status == "duplicate" || status == "ignored";
        if (Id.Match(answer).Groups[1].Value != kept[1] || !(isSaved || status == "rejected")) return 1000;
        if (!isSaved) Console.Error.WriteLine(kept[1] + " was rejected: " + answer);
        var to = Path.Combine(spool, isSaved ? "done" : "rejected", Path.GetFileName(path));
        if (File.Exists(to)) File.Delete(to);
        File.Move(path, to);
        lock (news) Monitor.PulseAll(news);
        return 0;
    }

    string Post(string body)
    {
        var request = (HttpWebRequest)WebRequest.Create(box + "/v1/events");
        request.Method = "POST";
        request.ContentType = "application/cloudevents+json";
        request.Timeout = WaitMs;
        request.ReadWriteTimeout = WaitMs;
        request.KeepAlive = false;
        request.ServicePoint.Expect100Continue = false;
        if (token != null) request.Headers["Authorization"] = "Bearer " + token;
        var bytes = Encoding.UTF8.GetBytes(body);
        using (var stream = request.GetRequestStream()) stream.Write(bytes, 0, bytes.Length);
        using (var response = (HttpWebResponse)request.GetResponse())
        using (var reader = new StreamReader(response.GetResponseStream(), Encoding.UTF8))
        {
            var text = reader.ReadToEnd();
            return response.StatusCode == HttpStatusCode.OK ? text : "";
        }
    }

    void LetGo()
    {
        foreach (var path in Directory.GetFiles(Path.Combine(spool, "done")))
        {
            if (DateTime.UtcNow - File.GetLastWriteTimeUtc(path) > Keep) File.Delete(path);
        }
    }

    static long NowMs()
    {
        return (long)(DateTime.UtcNow - Epoch).TotalMilliseconds;
    }

    static string RandomHex()
    {
        var bytes = new byte[4];
        using (var random = RandomNumberGenerator.Create()) random.GetBytes(bytes);
        return BitConverter.ToString(bytes).Replace("-", "").ToLowerInvariant();
    }

    string Once(string name, string made)
    {
        var path = Path.Combine(spool, name);
        if (!File.Exists(path)) Write(path, made);
        return File.ReadAllText(path);
    }

    /// <summary>On disk before anything else happens.</summary>
    static void Write(string path, string text)
    {
        var fresh = path + ".new";
        using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write))
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            file.Write(bytes, 0, bytes.Length);
            file.Flush(true);
        }
        if (File.Exists(path)) File.Replace(fresh, path, null);
        else File.Move(fresh, path);
    }

    /// <summary>Rings up receipts and hands them in; 0 if all were answered in time.</summary>
    public static int Main(string[] arguments)
    {
        var told = new Dictionary<string, string>();
        for (var at = 0; at + 1 < arguments.Length; at += 2) told[arguments[at]] = arguments[at + 1];
        Func<string, string, string> get = (name, usual) => told.ContainsKey(name) ? told[name] : usual;
        Func<string, string, double> seconds = (name, usual) => double.Parse(get(name, usual), CultureInfo.InvariantCulture);
        var till = new TidemarkTill(get("--box", "http://127.0.0.1:8380"), get("--spool", "spool"),
            get("--till", "till:1"), get("--token", null), seconds("--minute", "60"));
        for (var receipt = 0; receipt < int.Parse(get("--receipts", "1")); receipt++)
        {
            var watch = Stopwatch.StartNew();
            till.HandIn("tidemark.sale", "[{\"item\":\"4006381333931\",\"quantity\":1}]");
            Console.WriteLine(string.Format(CultureInfo.InvariantCulture, "the receipt took {0:F3} s", watch.Elapsed.TotalSeconds));
        }
        var end = Stopwatch.StartNew();
        while (till.OpenDocuments().Count > 0 && end.Elapsed.TotalSeconds < seconds("--within", "300")) Thread.Sleep(200);
        return till.OpenDocuments().Count == 0 ? 0 : 1;
    }
}
