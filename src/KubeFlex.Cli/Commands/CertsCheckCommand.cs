using System.CommandLine;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Certificates;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;

namespace KubeFlex.Cli.Commands;

/// <summary>Tells when certificates and tokens of control planes end.</summary>
internal sealed class CertsCheckCommand : Verb
{
    private readonly NamesArgument<string?> name = new("name", NameKind.ControlPlane) { Description = "Control plane; without it, all.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> output = new("--output", "-o") { Description = "json.", HelpName = "format" };

    public CertsCheckCommand(CliApp app) : base(app, "check", "Tell when certificates and tokens end. Exit code 1 when one has.")
    {
        output.AcceptOnlyFromAmong("json");
        Add(name);
        Add(output);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var access = new ControlPlaneAccess(session, hosting);
        var views = parse.GetValue(name) is { Length: > 0 } one ? [await access.GetAsync(one, cancellation)] : (await access.ListAsync(cancellation)).Select(cp => new ControlPlaneView(cp)).ToList();
        var found = new List<(string ControlPlane, CredentialView Credential)>();
        foreach (var view in views)
            found.AddRange((await CredentialReader.SecretsAsync(hosting.Client, view.Namespace, cancellation)).SelectMany(CredentialReader.Read).Select(c => (view.Name, c)));

        var now = session.Host.Time.GetUtcNow();
        if (parse.GetValue(output) == "json")
        {
            await session.Host.Out.WriteLineAsync(OutputFormats.Json(new JsonArray([.. found.Select(f =>
            {
                var document = f.Credential.ToJson(now);
                document.Insert(0, "controlPlane", f.ControlPlane);
                return document;
            })])));
        }
        else if (found.Count == 0) session.Talk.Say("No certificates found.");
        else TextTable.Write(session.Host.Out, ["CONTROLPLANE", .. Heads], found.Select(f => (IReadOnlyList<string>)[f.ControlPlane, .. Row(f.Credential, now)]));

        var bad = found.Where(f => f.Credential.State(now) is "expired" or "overdue").Select(f => f.ControlPlane).Distinct().ToList();
        foreach (var cp in bad) session.Talk.Warn($"{cp}: certificates are expired or overdue. Renew them: kflex certs rotate {cp}");
        return found.Any(f => f.Credential.State(now) == "expired") ? ExitCodes.Failed : ExitCodes.Ok;
    }

    public static readonly string[] Heads = ["SECRET", "KEY", "KIND", "SUBJECT", "EXPIRES", "LEFT", "STATE"];

    public static IReadOnlyList<string> Row(CredentialView c, DateTimeOffset now) =>
        [c.Secret, c.Place, c.Kind, c.Subject, CredentialView.Stamp(c.Expires), c.Expires > now ? Durations.Age(c.Expires - now) : "", c.State(now)];
}
