using System.CommandLine;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Cli.Terminal;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Cli.Commands;

/// <summary>Creates a control plane, waits until it is ready and makes it the current context.</summary>
internal sealed class CreateCommand : Verb
{
    private readonly Argument<string> name = new("name") { Description = "Name of the control plane." };
    private readonly Option<string> type = new("--type", "-t") { Description = $"What the tenant gets: {string.Join(", ", ControlPlaneNames.Types)}.", HelpName = "type", DefaultValueFactory = _ => "k8s" };
    private readonly Option<string> backend = new("--backend-type", "-b") { Description = "Datastore: shared or dedicated.", HelpName = "backend", DefaultValueFactory = _ => "shared" };
    private readonly Option<string[]> hooks = new("--postcreate-hook", "-p") { Description = "A PostCreateHook to run; may be given several times.", HelpName = "hook" };
    private readonly Option<string[]> variables = new("--set", "-e") { Description = "A variable for the hooks; may be given several times.", HelpName = "key=value" };
    private readonly Option<bool> wait = new("--wait") { Description = "Wait until it is ready and switch to it.", DefaultValueFactory = _ => true };
    private readonly Option<TimeSpan> timeout = Durations.Option("--timeout", TimeSpan.FromMinutes(10), "How long to wait.");

    public CreateCommand(CliApp app) : base(app, "create", "Create a control plane and switch to it.")
    {
        Add(name);
        Add(type);
        Add(backend);
        Add(hooks);
        Add(variables);
        Add(wait);
        Add(timeout);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var (cp, kind, store) = (parse.GetValue(name)!, parse.GetValue(type)!, parse.GetValue(backend)!);
        ControlPlaneNames.Check(cp);
        ControlPlaneNames.CheckType(kind);
        if (store is not ("shared" or "dedicated")) throw new CliException($"there is no backend \"{store}\"", ExitCodes.Usage, "The backends are: shared, dedicated");
        if (kind == "external")
            throw new CliException("an external control plane exists already; it is adopted, not created", ExitCodes.Usage,
                "Put its kubeconfig into a secret and apply a ControlPlane with spec.type external and spec.bootstrapSecretRef.");
        if (kind == "ocm") session.Talk.Warn("type ocm is deprecated; run OCM inside a control plane of type vcluster");
        var named = (parse.GetValue(hooks) ?? []).Distinct().ToList();
        var values = Variables(parse.GetValue(variables) ?? []);
        if (values.Count > 0 && named.Count == 0) throw new CliException("--set gives variables to hooks, but no hook is named", ExitCodes.Usage, "Name one with --postcreate-hook");
        if (kind != "host") ControlPlaneAccess.CheckContextIsFree(session.Kubeconfigs.Load(), cp);

        using var hosting = await new HostingResolver(session).ConnectAsync(cancellation);
        var access = new ControlPlaneAccess(session, hosting);
        await CheckHooksAsync(hosting.Client, named, cancellation);
        await CreateAsync(access, cp, Document(cp, kind, store, named, values), cancellation);
        if (!parse.GetValue(wait))
        {
            session.Talk.Say($"Control plane {cp} is being made. Switch to it when it is Ready: kflex ctx {cp}");
            return ExitCodes.Ok;
        }
        var view = await access.WaitReadyAsync(cp, parse.GetValue(timeout), cancellation);
        var context = await access.SwitchToAsync(view, cancellation);
        session.Talk.Done($"Control plane {cp} is ready, and {context} is the current context");
        return ExitCodes.Ok;
    }

    /// <summary>The object as the user asked for it.</summary>
    public static JsonObject Document(string name, string type, string backend, IReadOnlyList<string> hooks, IReadOnlyList<KeyValuePair<string, string>> variables)
    {
        var spec = new JsonObject { ["type"] = type, ["backend"] = backend };
        if (hooks.Count > 0)
        {
            spec["postCreateHooks"] = new JsonArray([.. hooks.Select(hook =>
            {
                var entry = new JsonObject { ["hookName"] = hook };
                if (variables.Count > 0) entry["vars"] = new JsonObject(variables.Select(v => KeyValuePair.Create<string, JsonNode?>(v.Key, v.Value)));
                return entry;
            })]);
        }
        return new JsonObject
        {
            ["apiVersion"] = $"{Resources.ControlPlanes.Group}/{Resources.ControlPlanes.Version}",
            ["kind"] = "ControlPlane",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = spec,
        };
    }

    private static List<KeyValuePair<string, string>> Variables(string[] pairs)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0) throw new CliException($"\"{pair}\" is not a variable", ExitCodes.Usage, "Write --set key=value");
            values[pair[..at]] = pair[(at + 1)..];
        }
        return [.. values];
    }

    private static async Task CheckHooksAsync(KubeClient hosting, List<string> hooks, CancellationToken cancellation)
    {
        var found = await Task.WhenAll(hooks.Select(h => hosting.FindAsync(Resources.PostCreateHooks.Named(h), cancellation)));
        var missing = hooks.Where((_, i) => found[i] is null).ToList();
        if (missing.Count == 0) return;
        var list = await hosting.ListAsync(Resources.PostCreateHooks, null, cancellation);
        var names = (list["items"] as JsonArray ?? []).Select(h => ControlPlaneView.Text(h?["metadata"]?["name"])).Order(StringComparer.Ordinal).ToList();
        throw new CliException($"there is no PostCreateHook {string.Join(", ", missing.Select(m => $"\"{m}\""))}; nothing was created", ExitCodes.NotFound,
            names.Count == 0 ? "There are no hooks. Apply one to the hosting context first." : $"The hooks are: {string.Join(", ", names)}");
    }

    private static async Task CreateAsync(ControlPlaneAccess access, string cp, JsonObject document, CancellationToken cancellation)
    {
        try
        {
            await access.Hosting.Client.CreateAsync(Resources.ControlPlanes, document, cancellation);
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            throw new CliException($"control plane {cp} already exists on context \"{access.Hosting.Context}\"", ExitCodes.AlreadyExists, $"Switch to it: kflex ctx {cp}. Or remove it first: kflex delete {cp}");
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            throw access.NotInstalled();
        }
    }
}
