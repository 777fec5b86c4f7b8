using System.CommandLine;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Certificates;
using KubeFlex.Cli.Completion;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Tells all there is to know about a control plane. What may not be read is said instead of shown.</summary>
internal sealed class DescribeCommand : Verb
{
    private readonly NamesArgument<string> name = new("name", NameKind.ControlPlane) { Description = "Name of the control plane." };

    public DescribeCommand(CliApp app) : base(app, "describe", "Tell all about a control plane: status, endpoints, certificates, hooks, events.") => Add(name);

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var access = new ControlPlaneAccess(session, hosting);
        var view = await access.GetAsync(parse.GetValue(name)!, cancellation);
        var endpoints = OrReasonAsync(() => EndpointsAsync(access, view, cancellation));
        var certificates = OrReasonAsync(async () => (await CredentialReader.SecretsAsync(hosting.Client, view.Namespace, cancellation)).SelectMany(CredentialReader.Read).ToList());
        var events = OrReasonAsync(() => EventsAsync(hosting.Client, view, cancellation));
        var (writer, now) = (session.Host.Out, session.Host.Time.GetUtcNow());

        WriteHead(writer, session, hosting, view, now);
        Section(writer, "Conditions", ["TYPE", "STATUS", "REASON", "MESSAGE"], view.Conditions.Select(c => (IReadOnlyList<string>)[c.Type, c.Status, c.Reason, c.Message]));
        Section(writer, "Endpoints", ["KEY", "SERVER"], await endpoints);
        var (found, why) = await certificates;
        Section(writer, "Certificates", CertsCheckCommand.Heads, (found?.Select(c => CertsCheckCommand.Row(c, now)).ToList(), why));
        Section(writer, "Hooks", ["NAME", "DONE", "VARIABLES"], view.Hooks.Select(h => (IReadOnlyList<string>)[h.Name, h.Done ? "yes" : "no", h.Variables]));
        var (happened, hidden) = await events;
        Section(writer, "Events", ["AGE", "TYPE", "REASON", "MESSAGE"], (happened?.Select(e => Row(e, now)).ToList(), hidden));
        return ExitCodes.Ok;
    }

    private static void WriteHead(TextWriter writer, CliSession session, KubeConnection hosting, ControlPlaneView view, DateTimeOffset now)
    {
        var config = session.Kubeconfigs.Load();
        var contexts = config.Names(KubeconfigSection.Contexts).Where(c => KubeflexExtension.ControlPlaneOf(config, c) == view.Name);
        (string Label, string Value)[] lines =
        [
            ("Name", view.Name),
            ("Type", view.Type),
            ("Runtime", view.Runtime.Length > 0 ? view.Runtime : "(the operator's choice)"),
            ("Backend", view.Backend),
            ("Version", view.Version),
            ("Namespace", view.Namespace),
            ("Created", view.Age(now) is { } age ? $"{view.Created} ({Durations.Age(age)} ago)" : ""),
            ("Status", view.IsDeleting ? "being deleted" : view.IsReady ? "Ready" : $"not Ready: {view.Waiting}"),
            ("Hosting context", hosting.Context),
            ("Own context", string.Join(", ", contexts) is { Length: > 0 } own ? own : $"none; get one: kflex ctx {view.Name}"),
            ("Variables", view.GlobalVariables),
        ];
        foreach (var (label, value) in lines.Where(l => l.Value.Length > 0)) writer.WriteLine($"{label + ":",-17}{value}");
    }

    private static async Task<List<IReadOnlyList<string>>> EndpointsAsync(ControlPlaneAccess access, ControlPlaneView view, CancellationToken cancellation)
    {
        if (view.Secret is not { } reference) return [];
        var secret = await access.Hosting.Client.GetAsync(Resources.Secrets.In(reference.Namespace).Named(reference.Name), cancellation);
        var rows = new List<IReadOnlyList<string>>();
        foreach (var (key, inCluster) in new[] { (reference.Key, false), (reference.InClusterKey, true) })
        {
            if (key is null || ControlPlaneView.Text(secret["data"]?[key]).Length == 0) continue;
            rows.Add([key, ControlPlaneEntries.ServerOf(await access.KubeconfigAsync(view, inCluster, cancellation)) ?? ""]);
        }
        return rows;
    }

    private static async Task<List<JsonObject>> EventsAsync(KubeClient hosting, ControlPlaneView view, CancellationToken cancellation)
    {
        // Events about cluster-scoped objects live in namespace default.
        var list = await hosting.ListAsync(Resources.Events.In("default"), $"fieldSelector=involvedObject.kind%3DControlPlane,involvedObject.name%3D{view.Name}", cancellation);
        return [.. (list["items"] as JsonArray ?? []).OfType<JsonObject>()
            .Where(e => ControlPlaneView.Text(e["involvedObject"]?["name"]) == view.Name && ControlPlaneView.Text(e["involvedObject"]?["kind"]) == "ControlPlane")
            .OrderBy(e => ControlPlaneView.Text(e["lastTimestamp"]), StringComparer.Ordinal)];
    }

    private static IReadOnlyList<string> Row(JsonObject e, DateTimeOffset now)
    {
        var age = DateTimeOffset.TryParse(ControlPlaneView.Text(e["lastTimestamp"]), System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var at)
            ? Durations.Age(now - at) : "<unknown>";
        var count = e["count"]?.ToJsonString() is { } times && times != "1" ? $"{age} (x{times})" : age;
        return [count, ControlPlaneView.Text(e["type"]), ControlPlaneView.Text(e["reason"]), ControlPlaneView.Text(e["message"])];
    }

    // A user of a hosting cluster may be allowed to see control planes but no secrets.
    private static async Task<(List<T>? Found, string? Why)> OrReasonAsync<T>(Func<Task<List<T>>> read)
    {
        try
        {
            return (await read(), null);
        }
        catch (Exception e) when (e is KubeApiException or CliException)
        {
            return (null, e.Message);
        }
    }

    private static void Section(TextWriter writer, string title, string[] heads, IEnumerable<IReadOnlyList<string>> rows) => Section(writer, title, heads, (rows.ToList(), null));

    private static void Section(TextWriter writer, string title, string[] heads, (List<IReadOnlyList<string>>? Rows, string? Why) content)
    {
        writer.WriteLine();
        if (content.Rows is not { Count: > 0 } rows)
        {
            writer.WriteLine($"{title}: {(content.Why is { } why ? $"not known: {why}" : "none")}");
            return;
        }
        writer.WriteLine($"{title}:");
        using var table = new StringWriter { NewLine = "\n" };
        TextTable.Write(table, heads, rows);
        foreach (var line in table.ToString().TrimEnd('\n').Split('\n')) writer.WriteLine("  " + line);
    }
}
