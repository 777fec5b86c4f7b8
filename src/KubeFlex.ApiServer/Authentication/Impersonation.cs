using KubeFlex.ApiServer.Authorization;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.ApiServer.Authentication;

/// <summary><c>Impersonate-User</c> and its companions: acting as somebody else, if one may.</summary>
internal static class Impersonation
{
    public const string UserHeader = "Impersonate-User";
    private const string ExtraPrefix = "Impersonate-Extra-";

    public static bool Incomplete(HttpRequest request) => request.Headers.ContainsKey("Impersonate-Group") || request.Headers.ContainsKey("Impersonate-Uid");

    public static async ValueTask<Result<UserInfo>> ApplyAsync(ControlPlane plane, HttpContext http, UserInfo user)
    {
        var headers = http.Request.Headers;
        var name = headers[UserHeader].ToString();
        if (name.Length == 0) return ApiError.Internal("requested [Group/Uid] without impersonating a user");
        var groups = headers["Impersonate-Group"].Where(g => g is not null).Select(g => g!).ToList();
        var uid = headers["Impersonate-Uid"].ToString();
        var extra = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var (header, values) in headers)
            if (header.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase))
                extra[Uri.UnescapeDataString(header[ExtraPrefix.Length..].ToLowerInvariant())] = [.. values.Where(v => v is not null).Select(v => v!)];

        var account = name.Split(':') is ["system", "serviceaccount", var ns, var sa] ? (Namespace: ns, Name: sa) : default;
        var wanted = new List<Attributes>
        {
            account.Name is null ? Ask(user, "", "users", name, "") : Ask(user, "", "serviceaccounts", account.Name, account.Namespace),
        };
        wanted.AddRange(groups.Select(g => Ask(user, "", "groups", g, "")));
        if (uid.Length > 0) wanted.Add(Ask(user, "authentication.k8s.io", "uids", uid, ""));
        foreach (var (key, values) in extra) wanted.AddRange(values.Select(v => Ask(user, "authentication.k8s.io", "userextras", v, "") with { Subresource = key }));
        foreach (var a in wanted)
            if (await plane.Authorizer.AuthorizeAsync(a, http.RequestAborted) is { Allowed: false } decision)
                return Forbidden.Error(a, decision);

        if (account.Name is not null && groups.Count == 0) groups.AddRange(["system:serviceaccounts", $"system:serviceaccounts:{account.Namespace}"]);
        groups.Add(name == "system:anonymous" ? "system:unauthenticated" : "system:authenticated");
        return new UserInfo(name, [.. groups.Distinct()], uid, extra);
    }

    private static Attributes Ask(UserInfo user, string group, string resource, string name, string ns) =>
        new(user, "impersonate", true, group, "v1", ns, resource, "", name, "");
}
