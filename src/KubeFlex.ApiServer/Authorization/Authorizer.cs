using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.ApiServer.Authorization;

/// <summary>What somebody wants to do.</summary>
internal sealed record Attributes(UserInfo User, string Verb, bool IsResource, string Group, string Version, string Namespace, string Resource, string Subresource, string Name, string Path)
{
    public static Attributes Of(UserInfo user, RequestInfo info) =>
        new(user, info.Verb, info.IsResource, info.Group, info.Version, info.Namespace, info.Resource, info.Subresource,
            info.Name.Length > 0 ? info.Name : info.SelectedName, info.Path);
}

/// <summary>Whether one may, and why (not).</summary>
internal readonly record struct Decision(bool Allowed, string Reason);

/// <summary>Decides who may do what.</summary>
internal interface IAuthorizer
{
    /// <summary>Decides one question.</summary>
    ValueTask<Decision> AuthorizeAsync(Attributes attributes, CancellationToken cancellation);

    /// <summary>All rules that hold for a user in a namespace.</summary>
    ValueTask<IReadOnlyList<PolicyRule>> RulesAsync(UserInfo user, string ns, CancellationToken cancellation);
}

/// <summary>A refusal in upstream's words (<c>responsewriters.Forbidden</c>).</summary>
internal static class Forbidden
{
    public static ApiError Error(Attributes a, Decision decision)
    {
        var why = decision.Reason.Length == 0 ? Message(a) : $"{Message(a)}: {decision.Reason}";
        return a.IsResource
            ? ApiError.Forbidden(new GroupResource(a.Group, a.Resource), a.Name, why)
            : new ApiError(403, "Forbidden", $"forbidden: {why}", new StatusDetails());
    }

    private static string Message(Attributes a)
    {
        if (!a.IsResource) return $"User \"{a.User.Name}\" cannot {a.Verb} path \"{a.Path}\"";
        var resource = a.Subresource.Length > 0 ? $"{a.Resource}/{a.Subresource}" : a.Resource;
        var text = $"User \"{a.User.Name}\" cannot {a.Verb} resource \"{resource}\" in API group \"{a.Group}\"";
        return a.Namespace.Length > 0 ? $"{text} in the namespace \"{a.Namespace}\"" : $"{text} at the cluster scope";
    }
}
