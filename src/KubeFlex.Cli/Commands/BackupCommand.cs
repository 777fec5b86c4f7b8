using System.CommandLine;
using System.Net.Http;
using KubeFlex.Cli.Backup;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;

namespace KubeFlex.Cli.Commands;

/// <summary>Backs up one control plane, or everything, from a running server.</summary>
internal sealed class BackupCommand : Verb
{
    private readonly NamesArgument<string> name = new("name", NameKind.ControlPlane) { Description = "Name of the control plane; with --all, the file." };
    private readonly NamesArgument<string?> file = new("file", NameKind.File) { Description = "The file to write; - is standard output.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<bool> all = new("--all") { Description = "All control planes, and what a new machine needs to take the server's place." };
    private readonly Option<string> compression = new("--compression") { Description = "none, gzip, deflate or brotli.", HelpName = "kind", DefaultValueFactory = _ => "gzip" };
    private readonly Option<Duration> timeout = Durations.Option("--timeout", TimeSpan.FromHours(1), "How long it may take.");

    public BackupCommand(CliApp app) : base(app, "backup", "Back up a control plane, or all with the server.")
    {
        compression.CompletionSources.Add("none", "gzip", "deflate", "brotli");
        Add(name);
        Add(file);
        Add(all);
        Add(compression);
        Add(timeout);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var (first, second, everything, limit) = (parse.GetValue(name)!, parse.GetValue(file), parse.GetValue(all), parse.GetValue(timeout).Span);
        if (everything == second is not null)
            throw new CliException(everything ? "--all takes a file and no name" : "the argument 'file' is missing", ExitCodes.Usage, "Write kflex backup NAME FILE, or kflex backup --all FILE");
        var target = everything ? first : second!;
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        hosting.Client.AllowLongAnswers();
        if (!everything) await new ControlPlaneAccess(session, hosting).GetAsync(first, cancellation);
        var what = everything ? $"everything on context \"{hosting.Context}\"" : $"control plane {first}";
        var path = (everything ? "kubeflex/backup" : $"kubeflex/controlplanes/{Uri.EscapeDataString(first)}/backup") + $"?compression={Uri.EscapeDataString(parse.GetValue(compression)!)}";
        return await Deadline.WithinAsync(limit, session.Host.Time, async token =>
        {
            using var step = session.Talk.Begin($"Backing up {what}");
            var told = 0L;
            using var response = await hosting.Client.SendRawAsync(HttpMethod.Get, path, null, token);
            var bytes = await ArchiveDownload.SaveAsync(await response.Content.ReadAsStreamAsync(token), target, so =>
            {
                if (so - told < 64 << 20) return;
                told = so;
                step.Update($"Backing up {what}: {so >> 20} MiB");
            }, token);
            session.Talk.Done($"{char.ToUpperInvariant(what[0])}{what[1..]} is in {(target == "-" ? "the output" : target)} ({bytes} bytes)");
            return ExitCodes.Ok;
        }, () => new CliException($"the backup was not done within {limit.TotalSeconds:0} s; nothing was written", ExitCodes.Timeout, "Give more time with --timeout."), cancellation);
    }
}
