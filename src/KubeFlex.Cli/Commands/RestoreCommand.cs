using System.CommandLine;
using System.Net.Http;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Embedded;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;

namespace KubeFlex.Cli.Commands;

/// <summary>Brings a control plane back from a backup into a running server; with --all, a whole server that does not run.</summary>
internal sealed class RestoreCommand : Verb
{
    private readonly NamesArgument<string> name = new("name", NameKind.ControlPlane) { Description = "Name of the control plane; with --all, the file." };
    private readonly NamesArgument<string?> file = new("file", NameKind.File) { Description = "The backup; - is standard input.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<bool> all = new("--all") { Description = "A whole server, into a data directory where none runs." };
    private readonly Option<bool> replace = new("--replace") { Description = "With --all: give up what the data directory holds." };
    private readonly Option<bool> certificates = new("--with-certificates") { Description = "Bring the certificates and keys of the backup back, too, where the control plane has others by now." };
    private readonly Option<string?> dataDir = ServerOptionSet.DataDir();
    private readonly Option<Duration> timeout = Durations.Option("--timeout", TimeSpan.FromHours(1), "How long it may take.");

    public RestoreCommand(CliApp app) : base(app, "restore", "Restore a control plane from a backup.")
    {
        Add(name);
        Add(file);
        Add(all);
        Add(replace);
        Add(certificates);
        Add(dataDir);
        Add(timeout);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var (first, second, everything, limit) = (parse.GetValue(name)!, parse.GetValue(file), parse.GetValue(all), parse.GetValue(timeout).Span);
        if (everything == second is not null)
            throw new CliException(everything ? "--all takes a file and no name" : "the argument 'file' is missing", ExitCodes.Usage, "Write kflex restore NAME FILE, or kflex restore --all FILE");
        if (!everything && (parse.GetValue(replace) || parse.GetValue(dataDir) is not null))
            throw new CliException("--replace and --data-dir are for --all", ExitCodes.Usage, "A control plane that exists gets the backup's content in any case.");
        if (everything)
        {
            string[] more = parse.GetValue(replace) ? ["--replace"] : [];
            return await ServerExecutable.Locate(session.Host).BecomeAsync(
                ["storage", "restore", "--data-dir", DataDirectory.Resolve(parse.GetValue(dataDir), session.Host).Path, .. more, first], cancellation);
        }

        await using var content = second == "-" ? Console.OpenStandardInput()
            : new FileStream(second!, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.Asynchronous | FileOptions.SequentialScan);
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        hosting.Client.AllowLongAnswers();
        var result = await Deadline.WithinAsync(limit, session.Host.Time, async token =>
        {
            using var step = session.Talk.Begin($"Restoring control plane {first}");
            using var upload = new StreamContent(content, 1 << 16);
            var path = $"kubeflex/controlplanes/{Uri.EscapeDataString(first)}/restore{(parse.GetValue(certificates) ? "?certificates=true" : "")}";
            using var response = await hosting.Client.SendRawAsync(HttpMethod.Post, path, upload, token);
            return JsonNode.Parse(await response.Content.ReadAsStringAsync(token));
        }, () => new CliException($"control plane {first} was not restored within {limit.TotalSeconds:0} s", ExitCodes.Timeout, "Give more time with --timeout."), cancellation);

        if ((string?)result?["certificates"] == "differ")
            session.Talk.Warn($"control plane {first} keeps its certificates, which are others than the backup's: credentials from before do not work. Bring them back, too: kflex restore {first} {second} --with-certificates");
        await new ControlPlaneAccess(session, hosting).WaitReadyAsync(first, limit, cancellation);
        session.Talk.Done($"Control plane {first} holds what it held at revision {result?["backupRevision"]} ({result?["keys"]} objects and records), and goes on at revision {result?["revision"]}");
        return ExitCodes.Ok;
    }
}
