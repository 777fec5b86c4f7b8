using System.Text.RegularExpressions;
using KubeFlex.Cli.Embedded;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Logs;

/// <summary>The lines about a control plane in the log of the server that it runs in.</summary>
internal sealed class ServerLog(CliSession session, DataDirectory directory)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    public async Task<int> WriteAsync(KubeConnection hosting, ControlPlaneView view, LogWish wish, CancellationToken cancellation)
    {
        var isItsServer = directory.ReadServer() is { } server && server.Url.Authority == hosting.Server.Authority;
        if (!isItsServer || !File.Exists(directory.Log))
            throw new CliException($"control plane {view.Name} runs inside the KubeFlex server at {hosting.Server.Authority}, whose log is not in {directory.Path}", ExitCodes.NotFound,
                "A server in the background (kflex quickstart, kflex init --embedded) writes server.log in its data directory, on its machine: name it with --data-dir. One in the foreground (kflex serve) writes to its stdout.");
        // The name as a word of its own, or in its namespace's name; team-a is not about team-ab.
        var about = new Regex($@"(?<![a-z0-9.-]){Regex.Escape(view.Name)}(-system)?(?![a-z0-9-])", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        await using var stream = new FileStream(directory.Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        var last = new Queue<string>();
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (!about.IsMatch(line)) continue;
            last.Enqueue(line);
            if (wish.Tail > 0 && last.Count > wish.Tail) last.Dequeue();
        }
        foreach (var line in last) await session.Host.Out.WriteLineAsync(line);
        session.Talk.Say(last.Count == 0 ? $"Nothing in {directory.Log} is about {view.Name}." : $"The lines of {directory.Log} that are about {view.Name}.");
        while (wish.Follow)
        {
            // A file has no end to wait at. A line that is being written is read in two parts at worst.
            while (await reader.ReadLineAsync(cancellation) is { } line)
            {
                if (about.IsMatch(line)) await session.Host.Out.WriteLineAsync(line);
            }
            await session.Host.Out.FlushAsync(cancellation);
            await Task.Delay(Poll, session.Host.Time, cancellation);
        }
        return ExitCodes.Ok;
    }
}
