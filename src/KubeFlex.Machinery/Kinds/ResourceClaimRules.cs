using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Kinds;

/// <summary>ResourceClaims: the spec never changes.</summary>
internal sealed class ResourceClaimRules : SpecStatusRules
{
    public override bool HasGeneration => false;

    public override void Default(JsonObject obj) => Requests(obj.Object("spec"));

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        if (WritesSpec(subresource)) Rule.Unchanged(obj, old, "spec", "spec", errors);
    }

    internal static void Requests(JsonObject? spec)
    {
        foreach (var request in spec.Object("devices").Objects("requests"))
        {
            if (request.Object("exactly") is { } exactly) Count(exactly);
            foreach (var choice in request.Objects("firstAvailable")) Count(choice);
        }
    }

    private static void Count(JsonObject request)
    {
        request.Default("allocationMode", "ExactCount");
        if (request.Text("allocationMode") == "ExactCount") request.DefaultZero("count", 1);
    }
}

/// <summary>ResourceClaimTemplates: the spec never changes.</summary>
internal sealed class ResourceClaimTemplateRules : KindRules
{
    public override void Default(JsonObject obj) => ResourceClaimRules.Requests(obj.Object("spec").Object("spec"));

    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors) =>
        Rule.Unchanged(obj, old, "spec", "spec", errors);
}

/// <summary>Kinds with a counted generation and nothing else of their own.</summary>
internal sealed class GenerationOnlyRules : KindRules
{
    public override bool HasGeneration => true;
}
