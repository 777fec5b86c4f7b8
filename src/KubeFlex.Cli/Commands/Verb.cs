using System.CommandLine;

namespace KubeFlex.Cli.Commands;

/// <summary>A command that does something: one class each, with its options as members.</summary>
internal abstract class Verb : Command
{
    private readonly CliApp app;

    protected Verb(CliApp app, string name, string description) : base(name, description)
    {
        this.app = app;
        SetAction(InvokeAsync);
    }

    protected abstract Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation);

    private Task<int> InvokeAsync(ParseResult parse, CancellationToken cancellation)
    {
        var session = new CliSession(app.Host, parse.GetValue(app.Globals.Kubeconfig), parse.GetValue(app.Globals.ChattyStatus), parse.GetValue(app.Globals.Verbosity));
        return Failures.GuardAsync(session, () => RunAsync(session, parse, cancellation), cancellation);
    }
}
