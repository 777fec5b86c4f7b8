using System.Text;
using System.Text.RegularExpressions;
using KubeFlex.Cli.Embedded;
using KubeFlex.Cli.Tenancy;

namespace KubeFlex.Cli.Logs;

/// <summary>The lines about a control plane in the log of the server it runs in.</summary>
internal sealed class ServerLog(CliSession session, ControlPlaneView view, DataDirectory directory, Uri hosting) : ILogSource
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    public async Task<int> WriteAsync(LogRequest request, CancellationToken cancellation)
    {
        var isItsServer = directory.ReadServer() is { } server && server.Url.Authority == hosting.Authority;
        if (!isItsServer || !File.Exists(directory.Log))
            throw new CliException($"control plane {view.Name} runs inside the KubeFlex server at {hosting.Authority}, whose log is not in {directory.Path}", ExitCodes.NotFound,
                "A server in the background (kflex quickstart, kflex init --embedded) writes server.log in its data directory, on its machine: name it with --data-dir. One in the foreground (kflex serve) writes to its stdout.");
        // The name as a word of its own, or in its namespace's name; team-a is not about team-ab.
        var about = new Regex($@"(?<![a-z0-9.-]){Regex.Escape(view.Name)}(-system)?(?![a-z0-9-])", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        await using var stream = new FileStream(directory.Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var lines = new GrowingLines(stream);
        var last = new Queue<string>();
        void Take(string line)
        {
            if (!about.IsMatch(line)) return;
            last.Enqueue(line);
            if (request.Tail > 0 && last.Count > request.Tail) last.Dequeue();
        }

        while (await lines.NextAsync(cancellation) is { } line) Take(line);
        if (!request.Follow) Take(lines.Rest);
        foreach (var line in last) await session.Host.Out.WriteLineAsync(line);
        session.Talk.Say(last.Count == 0 ? $"Nothing in {directory.Log} is about {view.Name}." : $"The lines of {directory.Log} that are about {view.Name}.");
        while (request.Follow)
        {
            while (await lines.NextAsync(cancellation) is { } line)
                if (about.IsMatch(line)) await session.Host.Out.WriteLineAsync(line);
            await Task.Delay(Look, session.Host.Time, cancellation);
        }
        return ExitCodes.Ok;
    }

    /// <summary>Whole lines of a file that somebody else appends to: half a line at its end waits for the other half.</summary>
    private sealed class GrowingLines(FileStream file)
    {
        private readonly StringBuilder half = new();
        private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
        private readonly byte[] bytes = new byte[16 * 1024];
        private readonly char[] chars = new char[16 * 1024 + 1];
        private int at, count;

        /// <summary>The line that has not ended.</summary>
        public string Rest => half.ToString();

        /// <summary>The next whole line; null when there is none yet.</summary>
        public async ValueTask<string?> NextAsync(CancellationToken cancellation)
        {
            while (true)
            {
                var end = Array.IndexOf(chars, '\n', at, count - at);
                if (end >= 0)
                {
                    var line = half.Append(chars, at, end - at).ToString().TrimEnd('\r');
                    half.Clear();
                    at = end + 1;
                    return line;
                }
                half.Append(chars, at, count - at);
                at = count = 0;
                // Emptied, as by somebody who wants the space: it begins anew.
                if (file.Length < file.Position) file.Position = 0;
                if (await file.ReadAsync(bytes, cancellation) is not (> 0 and var read)) return null;
                count = decoder.GetChars(bytes, 0, read, chars, 0);
            }
        }
    }
}
