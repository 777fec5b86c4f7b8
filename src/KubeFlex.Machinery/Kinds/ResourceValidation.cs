using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Rules of resource names and amounts.</summary>
internal static class ResourceValidation
{
    internal static void Requirements(JsonObject? resources, string path, FieldErrors errors)
    {
        var limits = resources.Object("limits") ?? [];
        var requests = resources.Object("requests") ?? [];
        foreach (var (name, value) in limits) Amount(name, value, $"{path}.limits", errors);
        foreach (var (name, value) in requests)
        {
            Amount(name, value, $"{path}.requests", errors);
            var amount = Quantity.ParseOrZero(value.AsText());
            if (limits[name] is { } limitText)
            {
                var limit = Quantity.ParseOrZero(limitText.AsText());
                if (!AllowsOvercommit(name) && amount != limit)
                    errors.Invalid($"{path}.requests", amount.ToString(), $"must be equal to {name} limit of {limit}");
                else if (amount > limit)
                    errors.Invalid($"{path}.requests", amount.ToString(), $"must be less than or equal to {name} limit of {limit}");
            }
            else if (!AllowsOvercommit(name)) errors.Required($"{path}.limits", "Limit must be set for non overcommitable resources");
        }
    }

    /// <summary>An amount that is not negative, and whole unless its resource is divisible.</summary>
    internal static void NonNegative(string name, JsonNode? value, string path, FieldErrors errors)
    {
        var amount = Quantity.ParseOrZero(value.AsText());
        if (amount.Sign < 0) errors.Invalid(path, amount.ToString(), "must be greater than or equal to 0");
        if (IsCounted(name) && !amount.IsWhole) errors.Invalid(path, amount.ToString(), "must be an integer");
    }

    private static void Amount(string name, JsonNode? value, string path, FieldErrors errors)
    {
        path = $"{path}[{name}]";
        Rule.Report(Names.QualifiedName(name), path, name, errors);
        if (!name.Contains('/', StringComparison.Ordinal) && name is not ("cpu" or "memory" or "ephemeral-storage") && !IsHugePages(name))
            errors.Invalid(path, name, "must be a standard resource for containers");
        NonNegative(name, value, path, errors);
    }

    private static bool IsHugePages(string name) => name.StartsWith("hugepages-", StringComparison.Ordinal);

    // Native resources can be asked for below their limit; extended ones and huge pages cannot.
    private static bool AllowsOvercommit(string name) =>
        !IsHugePages(name) && (!name.Contains('/', StringComparison.Ordinal) || name.Contains("kubernetes.io/", StringComparison.Ordinal));

    private static bool IsCounted(string name) => name is "pods" or "services" or "replicationcontrollers" or "resourcequotas" or "secrets" or "configmaps"
        or "persistentvolumeclaims" or "services.nodeports" or "services.loadbalancers"
        || name.StartsWith("count/", StringComparison.Ordinal)
        || (name.Contains('/', StringComparison.Ordinal) && !name.Contains("kubernetes.io/", StringComparison.Ordinal));
}
