using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Kinds;

/// <summary>What is allowed in a pod spec and yet rarely meant (<c>pkg/api/pod/warnings.go</c>): the same in pods and in templates.</summary>
internal static class PodWarnings
{
    internal static IEnumerable<string> Of(JsonObject? spec, string path)
    {
        foreach (var list in (string[])["initContainers", "containers"])
            foreach (var (container, at) in spec.Items(list, path))
            {
                foreach (var warning in Variables(container, at)) yield return warning;
                foreach (var warning in Ports(container, at)) yield return warning;
                foreach (var warning in Amounts(container.Object("resources"), $"{at}.resources")) yield return warning;
            }
        if (spec.Number("terminationGracePeriodSeconds") is < 0)
            yield return $"{path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1";
        foreach (var (secret, at) in spec.Items("imagePullSecrets", path))
            if (secret.Text("name").Length == 0) yield return $"{at}: invalid empty name \"\"";
    }

    private static IEnumerable<string> Variables(JsonObject container, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (env, at) in container.Items("env", path))
            // A variable that builds on its namesake is meant to.
            if (!seen.Add(env.Text("name")) && !env.Text("value").Contains($"$({env.Text("name")})", StringComparison.Ordinal))
                yield return $"{at}: hides previous definition of \"{env.Text("name")}\", which may be dropped when using apply";
    }

    private static IEnumerable<string> Ports(JsonObject container, string path)
    {
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (port, at) in container.Items("ports", path))
            if (!seen.TryAdd($"{port.Text("protocol")}/{port.Number("containerPort")}/{port.Number("hostPort")}/{port.Text("hostIP")}", at))
                yield return $"{at}: duplicate port definition with {seen[$"{port.Text("protocol")}/{port.Number("containerPort")}/{port.Number("hostPort")}/{port.Text("hostIP")}"]}";
    }

    private static IEnumerable<string> Amounts(JsonObject? resources, string path)
    {
        foreach (var list in (string[])["limits", "requests"])
            foreach (var (name, value) in resources.Object(list) ?? [])
                if (name is "memory" or "ephemeral-storage" && value.AsText().EndsWith('m'))
                    yield return $"{path}.{list}[{name}]: fractional byte value \"{value.AsText()}\" is invalid, must be an integer";
    }
}
