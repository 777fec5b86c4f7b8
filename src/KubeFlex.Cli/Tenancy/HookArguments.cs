using System.CommandLine;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Completion;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Cli.Tenancy;

/// <summary>The options about hooks that several verbs share, and what they become in the object.</summary>
internal sealed class HookArguments
{
    private readonly NamesOption<string[]> hooks = new("--postcreate-hook", NameKind.Hook, "-p") { Description = "A PostCreateHook to run; may be given several times.", HelpName = "hook" };
    private readonly Option<string[]> variables = new("--set", "-e") { Description = "A variable for the hooks named with -p; may be given several times.", HelpName = "key=value" };
    private readonly Option<string[]> globals = new("--global-var") { Description = "A variable for all hooks; may be given several times.", HelpName = "key=value" };

    public void AddTo(Command command)
    {
        command.Add(hooks);
        command.Add(variables);
        command.Add(globals);
    }

    /// <summary>Puts what was given into the spec; answers the hooks named. Fails when it makes no sense.</summary>
    public IReadOnlyList<string> WriteTo(JsonObject spec, ParseResult parse)
    {
        var named = (parse.GetValue(hooks) ?? []).Distinct().ToList();
        var values = Read(parse.GetValue(variables) ?? [], "--set");
        if (values.Count > 0 && named.Count == 0)
            throw new CliException("--set gives variables to hooks, but no hook is named", ExitCodes.Usage, "Name one with --postcreate-hook. Variables for all hooks: --global-var");
        Write(spec, named, values);
        if (Read(parse.GetValue(globals) ?? [], "--global-var") is { Count: > 0 } all)
        {
            if (spec["globalVars"] is not JsonObject merged) spec["globalVars"] = merged = [];
            foreach (var (key, value) in all) merged[key] = value;
        }
        return named;
    }

    /// <summary>Adds hooks with the same variables for each.</summary>
    public static void Write(JsonObject spec, IReadOnlyList<string> named, IReadOnlyList<KeyValuePair<string, string>> values)
    {
        if (named.Count == 0) return;
        spec["postCreateHooks"] = new JsonArray([.. named.Select(hook =>
        {
            var entry = new JsonObject { ["hookName"] = hook };
            if (values.Count > 0) entry["vars"] = new JsonObject(values.Select(v => KeyValuePair.Create<string, JsonNode?>(v.Key, v.Value)));
            return entry;
        })]);
    }

    /// <summary>Fails before anything is created when a hook is missing.</summary>
    public static async Task CheckExistAsync(KubeClient hosting, IReadOnlyList<string> hooks, CancellationToken cancellation)
    {
        var found = await Task.WhenAll(hooks.Select(h => hosting.FindAsync(Resources.PostCreateHooks.Named(h), cancellation)));
        var missing = hooks.Where((_, i) => found[i] is null).ToList();
        if (missing.Count == 0) return;
        var list = await hosting.ListAsync(Resources.PostCreateHooks, null, cancellation);
        var names = (list["items"] as JsonArray ?? []).Select(h => ControlPlaneView.Text(h?["metadata"]?["name"])).Order(StringComparer.Ordinal).ToList();
        throw new CliException($"there is no PostCreateHook {string.Join(", ", missing.Select(m => $"\"{m}\""))}; nothing was created", ExitCodes.NotFound,
            names.Count == 0 ? "There are no hooks. Apply one to the hosting context first." : $"The hooks are: {string.Join(", ", names)}");
    }

    private static List<KeyValuePair<string, string>> Read(string[] pairs, string option)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0) throw new CliException($"\"{pair}\" is not a variable", ExitCodes.Usage, $"Write {option} key=value");
            values[pair[..at]] = pair[(at + 1)..];
        }
        return [.. values];
    }
}
