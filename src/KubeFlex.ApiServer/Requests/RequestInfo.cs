using Microsoft.AspNetCore.Http;

namespace KubeFlex.ApiServer.Requests;

/// <summary>
/// What a URL asks for (the rules of <c>apiserver/pkg/endpoints/request/requestinfo.go</c>).
/// <c>/apis/apps/v1/namespaces/a/deployments/b/scale</c> is group apps, version v1, namespace a, resource deployments, name b, subresource scale.
/// </summary>
internal sealed class RequestInfo
{
    public required string Path { get; init; }
    public bool IsResource { get; private set; }
    public string Verb { get; private set; } = "";
    public string Group { get; private set; } = "";
    public string Version { get; private set; } = "";
    public string Namespace { get; private set; } = "";
    public string Resource { get; private set; } = "";
    public string Name { get; private set; } = "";
    public string Subresource { get; private set; } = "";

    /// <summary>What follows the subresource: the path behind <c>proxy</c>.</summary>
    public bool HasTail { get; private set; }

    public static RequestInfo Parse(HttpRequest request)
    {
        var path = request.Path.Value is { Length: > 0 } p ? p : "/";
        var info = new RequestInfo { Path = path };
        info.Verb = HttpVerb(request.Method);
        Span<Range> ranges = stackalloc Range[12];
        var text = path.AsSpan().Trim('/');
        var count = text.IsEmpty ? 0 : text.Split(ranges, '/');
        if (count < 3) return info;
        int at;
        if (text[ranges[0]] is "api") (info.Version, at) = (text[ranges[1]].ToString(), 2);
        else if (text[ranges[0]] is "apis" && count >= 4) (info.Group, info.Version, at) = (text[ranges[1]].ToString(), text[ranges[2]].ToString(), 3);
        else return info;

        info.IsResource = true;
        var verb = request.Method switch { "POST" => "create", "PUT" => "update", "PATCH" => "patch", "DELETE" => "delete", "GET" or "HEAD" => "get", _ => "" };
        if (text[ranges[at]] is "watch" && count > at + 1) (verb, at) = ("watch", at + 1);

        if (text[ranges[at]] is "namespaces" && count > at + 1)
        {
            info.Namespace = text[ranges[at + 1]].ToString();
            // A namespace's own status and finalize are subresources of the namespace; anything else is a resource inside it.
            if (count > at + 2 && text[ranges[at + 2]] is not ("status" or "finalize")) at += 2;
        }
        info.Resource = text[ranges[at]].ToString();
        if (count > at + 1) info.Name = text[ranges[at + 1]].ToString();
        if (count > at + 2) info.Subresource = text[ranges[at + 2]].ToString();
        info.HasTail = count > at + 3;
        if (info.Resource == "namespaces") info.Namespace = info.Name;

        if (info.Name.Length == 0)
        {
            if (verb == "get") verb = QueryOptions.IsTrue(request.Query["watch"]) ? "watch" : "list";
            else if (verb == "delete") verb = "deletecollection";
        }
        info.Verb = verb;
        return info;
    }

    /// <summary>The one name that a list's field selector allows: a list of one name is authorized as that name.</summary>
    public string SelectedName { get; set; } = "";

    private static string HttpVerb(string method) => method switch { "GET" => "get", "HEAD" => "head", "POST" => "post", "PUT" => "put", "PATCH" => "patch", "DELETE" => "delete", _ => method.ToLowerInvariant() };
}
