using System.CommandLine;
using System.CommandLine.Invocation;
using KubeFlex.Cli.Commands;

namespace KubeFlex.Cli;

/// <summary>The command line: all verbs, and what happens with words that make no sense.</summary>
internal sealed class CliApp
{
    private static readonly TimeSpan GraceAfterInterrupt = TimeSpan.FromSeconds(5);
    private readonly RootCommand root;

    public CliApp(CliHost host)
    {
        Host = host;
        root = new RootCommand("KubeFlex gives every tenant a Kubernetes control plane of its own.");
        Globals.AddTo(root);
        root.Add(new QuickstartCommand(this));
        root.Add(new InitCommand(this));
        root.Add(new CreateCommand(this));
        root.Add(new AdoptCommand(this));
        root.Add(new ListCommand(this));
        root.Add(new DescribeCommand(this));
        root.Add(new LogsCommand(this));
        root.Add(new DeleteCommand(this));
        root.Add(new BackupCommand(this));
        root.Add(new RestoreCommand(this));
        root.Add(new CtxCommand(this));
        root.Add(new KubeconfigCommand(this));
        root.Add(new CertsCommand(this));
        root.Add(new ConfigCommand(this));
        root.Add(new DoctorCommand(this));
        root.Add(new ServeCommand(this));
        root.Add(new StopCommand(this));
        root.Add(new StorageCommand(this));
        root.Add(new CompletionCommand(this));
        root.Add(new CompleteCommand(this, root));
        root.Add(new VersionCommand(this));
        root.SetAction(_ => root.Parse(["--help"]).Invoke(Invocation()));
    }

    public CliHost Host { get; }

    public GlobalOptions Globals { get; } = new();

    /// <summary>Runs one command line to its exit code.</summary>
    public async Task<int> RunAsync(IReadOnlyList<string> args, CancellationToken cancellation)
    {
        // No response files: an argument that starts with @ is an argument.
        var parse = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parse.Action is ParseErrorAction || (parse.Errors.Count > 0 && parse.Action is null or { ClearsParseErrors: false }))
        {
            foreach (var error in parse.Errors) await Host.Error.WriteLineAsync($"error: {error.Message}");
            await Host.Error.WriteLineAsync($"See: {PathOf(parse)} --help");
            return ExitCodes.Usage;
        }
        return await parse.InvokeAsync(Invocation(), cancellation);
    }

    private static string PathOf(ParseResult parse)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? r = parse.CommandResult; r is not null; r = r.Parent)
            if (r is System.CommandLine.Parsing.CommandResult { Command: { } c }) names.Insert(0, c is RootCommand ? "kflex" : c.Name);
        return string.Join(' ', names);
    }

    private InvocationConfiguration Invocation() => new()
    {
        Output = Host.Out,
        Error = Host.Error,
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = GraceAfterInterrupt,
    };
}
