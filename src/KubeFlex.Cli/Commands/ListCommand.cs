using System.CommandLine;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Cli.Commands;

/// <summary>Lists the control planes of the hosting cluster.</summary>
internal sealed class ListCommand : Verb
{
    private readonly Option<string?> output = new("--output", "-o") { Description = "json, yaml, name or wide.", HelpName = "format" };

    public ListCommand(CliApp app) : base(app, "list", "List the control planes.")
    {
        output.AcceptOnlyFromAmong("json", "yaml", "name", "wide");
        Add(output);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var (access, format) = (new ControlPlaneAccess(session, hosting), parse.GetValue(output));
        if (format is null && await access.TableAsync(cancellation) is { } rows)
        {
            WriteTable(session, ControlPlaneTable.Heads, rows);
            return ExitCodes.Ok;
        }
        var items = await access.ListAsync(cancellation);
        var writer = session.Host.Out;
        switch (format)
        {
            case "json":
                await writer.WriteLineAsync(OutputFormats.Json(Document(items)));
                break;
            case "yaml":
                await writer.WriteAsync(YamlWriter.Write(Document(items)));
                break;
            case "name":
                foreach (var item in items) await writer.WriteLineAsync(OutputFormats.NameOf(item));
                break;
            default:
                WriteTable(session, items, wide: format == "wide");
                break;
        }
        return ExitCodes.Ok;
    }

    private static void WriteTable(CliSession session, IReadOnlyList<JsonObject> items, bool wide)
    {
        var now = session.Host.Time.GetUtcNow();
        string[] more = ["NAMESPACE", "RUNTIME", "BACKEND", "REASON", "MESSAGE"];
        WriteTable(session, wide ? [.. ControlPlaneTable.Heads, .. more] : ControlPlaneTable.Heads, [.. items.Select(item =>
        {
            var cp = new ControlPlaneView(item);
            string[] row = [cp.Name, cp.Condition("Synced")?.Status ?? "", cp.Condition("Ready")?.Status ?? "", cp.Type, cp.Age(now) is { } age ? Durations.Age(age) : "<unknown>"];
            return wide ? [.. row, cp.Namespace, cp.Runtime, cp.Backend, cp.Condition("Ready")?.Reason ?? "", cp.IsReady ? "" : cp.Waiting] : (IReadOnlyList<string>)row;
        })]);
    }

    private static void WriteTable(CliSession session, IReadOnlyList<string> heads, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        if (rows.Count == 0) session.Talk.Say("No control planes found.");
        else TextTable.Write(session.Host.Out, heads, rows);
    }

    private static JsonObject Document(IReadOnlyList<JsonObject> items) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "List",
        ["metadata"] = new JsonObject { ["resourceVersion"] = "" },
        ["items"] = new JsonArray([.. items.Select(i => i.DeepClone())]),
    };
}
