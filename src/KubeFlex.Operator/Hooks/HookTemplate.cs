using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubeFlex.Operator.Hosting;

namespace KubeFlex.Operator.Hooks;

/// <summary>
/// Puts variables into a template. The template is a parsed document and values go into its strings as they are, so that no value, whatever
/// quotes it holds, can change the document's shape:
/// <code>
/// {"data": {"motd": "Hello {{ .WHO }}!"}}  with WHO = a "friend"   →   {"data": {"motd": "Hello a \"friend\"!"}}
/// </code>
/// Of Go's template language there are variables and, to write braces, literals: <c>{{"{{"}}</c>.
/// </summary>
internal static partial class HookTemplate
{
    /// <summary>A copy with all variables replaced. Throws <see cref="ReconcileFailure"/> that names hook, template and variable.</summary>
    public static JsonObject Render(JsonObject template, int index, string hook, IReadOnlyDictionary<string, string> variables)
    {
        var where = $"PostCreateHook \"{hook}\", template {index} ({(string?)template["kind"] ?? "?"}/{(string?)template["metadata"]?["name"] ?? "?"})";
        return (JsonObject)Copy(template, where, variables)!;
    }

    private static JsonNode? Copy(JsonNode? node, string where, IReadOnlyDictionary<string, string> variables)
    {
        switch (node)
        {
            case JsonObject o:
                var copy = new JsonObject();
                foreach (var (key, value) in o) copy[Substitute(key, where, variables)] = Copy(value, where, variables);
                return copy;
            case JsonArray a:
                return new JsonArray([.. a.Select(item => Copy(item, where, variables))]);
            case JsonValue v when v.TryGetValue<string>(out var text):
                return JsonValue.Create(Substitute(text, where, variables));
            default:
                return node?.DeepClone();
        }
    }

    private static string Substitute(string text, string where, IReadOnlyDictionary<string, string> variables) =>
        !text.Contains("{{", StringComparison.Ordinal) ? text : Action().Replace(text, match =>
        {
            if (match.Groups["literal"] is { Success: true } literal) return literal.Value;
            if (match.Groups["name"] is not { Success: true } name)
                throw new ReconcileFailure($"{where}: \"{match.Value}\" is not understood; write {{{{.Name}}}} for a variable, or {{{{\"{{{{\"}}}} for two braces", permanent: true);
            return variables.TryGetValue(name.Value, out var value)
                ? value
                : throw new ReconcileFailure($"{where}: variable \"{name.Value}\" is not defined; set it in the hook's defaultVars, or in the control plane's globalVars or the hook's vars", permanent: true);
        });

    // "- " and " -" trim white space in Go; with a lone variable in a quoted string there is none worth keeping.
    [GeneratedRegex("""\{\{(?:-\s)?\s*(?:\.(?<name>[A-Za-z_][A-Za-z0-9_]*)|"(?<literal>[^"\\]*)"|`(?<literal>[^`]*)`|(?<other>.*?))\s*(?:\s-)?\}\}|\{\{.*""",
        RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Action();
}
