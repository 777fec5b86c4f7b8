using System.CommandLine;
using KubeFlex.Cli.Embedded;
using KubeFlex.Cli.Terminal;

namespace KubeFlex.Cli.Commands;

/// <summary>Makes a hosting cluster available: the embedded one, in the background on this machine.</summary>
internal sealed class InitCommand : Verb
{
    private readonly Option<bool> embedded = new("--embedded") { Description = "Run the hosting control plane on this machine, without a Kubernetes cluster." };
    private readonly Option<TimeSpan> timeout = Durations.Option("--timeout", TimeSpan.FromMinutes(2), "How long to wait for the server.");
    private readonly ServerOptionSet server = new();

    public InitCommand(CliApp app) : base(app, "init", "Make a hosting cluster available and make it the current context.")
    {
        Add(embedded);
        server.AddTo(this);
        Add(timeout);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        if (!parse.GetValue(embedded))
            throw new CliException("init needs to be told where KubeFlex shall run", ExitCodes.Usage, "On this machine, without a Kubernetes cluster: kflex init --embedded");
        var options = server.Read(parse, session.Host);
        _ = session.Kubeconfigs.Load();
        var (running, started) = await new ServerLauncher(session).EnsureAsync(options, parse.GetValue(timeout), cancellation);
        session.Talk.Done(started ? $"The KubeFlex server runs in the background at {running.Url} (data in {options.Directory.Path})" : $"The KubeFlex server was running already at {running.Url}");
        var context = await HostingEntry.InstallAsync(session, options.Directory, makeCurrent: true, cancellation);
        session.Talk.Done($"The hosting context is {context}, and it is current");
        return ExitCodes.Ok;
    }
}
