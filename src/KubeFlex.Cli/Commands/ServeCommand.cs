using System.CommandLine;
using KubeFlex.Cli.Embedded;

namespace KubeFlex.Cli.Commands;

/// <summary>Runs the server in the foreground: this process becomes it, so signals and exit code are the server's.</summary>
internal sealed class ServeCommand : Verb
{
    private readonly ServerOptionSet server = new();

    public ServeCommand(CliApp app) : base(app, "serve", "Run the KubeFlex server in the foreground.") => server.AddTo(this);

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var options = server.Read(parse, session.Host);
        var program = ServerExecutable.Locate(session.Host);
        return await program.BecomeAsync([.. options.Arguments(options.Listen), .. options.Datastore is { } datastore ? ["--datastore", datastore] : Array.Empty<string>()], cancellation);
    }
}
