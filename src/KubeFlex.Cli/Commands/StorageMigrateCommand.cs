using System.CommandLine;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;

namespace KubeFlex.Cli.Commands;

/// <summary>Moves a control plane's store to another datastore while it is used.</summary>
internal sealed class StorageMigrateCommand : Verb
{
    private readonly NamesArgument<string> name = new("name", NameKind.ControlPlane) { Description = "Name of the control plane." };
    private readonly Option<string> to = new("--to")
    {
        Description = "Where to: the URL of a datastore as the server sees it, dedicated for one of its own, shared for the server's.", HelpName = "datastore", Required = true,
    };
    private readonly Option<Duration> timeout = Durations.Option("--timeout", TimeSpan.FromHours(1), "How long it may take; after that nothing has changed.");

    public StorageMigrateCommand(CliApp app) : base(app, "migrate", "Move a control plane to another datastore while it is used.")
    {
        to.CompletionSources.Add("shared", "dedicated");
        Add(name);
        Add(to);
        Add(timeout);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var (cp, limit) = (parse.GetValue(name)!, parse.GetValue(timeout).Span);
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        hosting.Client.AllowLongAnswers();
        var view = await new ControlPlaneAccess(session, hosting).GetAsync(cp, cancellation);
        return await Deadline.WithinAsync(limit, session.Host.Time, async token =>
        {
            using var step = session.Talk.Begin($"Moving control plane {view.Name}");
            using var wish = new StringContent(new JsonObject { ["to"] = parse.GetValue(to) }.ToJsonString(), Encoding.UTF8, "application/json");
            using var response = await hosting.Client.SendRawAsync(HttpMethod.Post, $"kubeflex/controlplanes/{Uri.EscapeDataString(cp)}/migrate", wish, token);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(token));
            while (await lines.ReadLineAsync(token) is { } line)
            {
                var news = JsonNode.Parse(line);
                if ((string?)news?["progress"] is { } progress) step.Update($"{view.Name}: {progress}");
                if ((string?)news?["error"] is { } error) throw new CliException($"control plane {view.Name} was not moved: {error}", ExitCodes.Failed);
                if ((string?)news?["done"] is not { } place) continue;
                session.Talk.Done($"Control plane {view.Name} is in {place}");
                return ExitCodes.Ok;
            }
            throw new CliException($"the server ended the move of control plane {view.Name} without a word", ExitCodes.ServerFailed,
                "It is wholly in one of the two places, and works. Try again, or see the server's log.");
        }, () => new CliException($"control plane {view.Name} was not moved within {limit.TotalSeconds:0} s", ExitCodes.Timeout, "It stays where it was. Give more time with --timeout."), cancellation);
    }
}
