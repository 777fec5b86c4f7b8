using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.Server.Admin;

/// <summary>
/// What the server offers beside the Kubernetes API: paths of the hosting control plane that are no resources, <c>/kubeflex/…</c> and <c>/metrics</c>.
/// The API authenticates and authorizes them like <c>/version</c> (<c>nonResourceURLs</c> in a ClusterRole) before they arrive here.
/// </summary>
internal sealed class AdminApi
{
    private AdminRoute[] routes = [];

    /// <summary>Adds routes; while the server starts, as what they need comes up.</summary>
    public void Add(params ReadOnlySpan<AdminRoute> more) => routes = [.. routes, .. more];

    /// <summary>Answers, or leaves the path to the API: then false.</summary>
    public async ValueTask<bool> TryHandleAsync(HttpContext http)
    {
        var known = false;
        foreach (var route in routes)
        {
            if (!route.Matches(http.Request.Path.Value ?? "/", out var values)) continue;
            known = true;
            if (!route.Accepts(http.Request.Method)) continue;
            await route.Answer(new AdminCall(http, values));
            return true;
        }
        if (known) await new AdminCall(http, new Dictionary<string, string>()).ErrorAsync(ApiError.MethodNotAllowed());
        return known;
    }
}

/// <summary>One path. <paramref name="pattern"/> is literal but for whole segments in braces: <c>/kubeflex/controlplanes/{name}/logs</c>.</summary>
internal sealed class AdminRoute(string method, string pattern, Func<AdminCall, Task> answer)
{
    private readonly string[] segments = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);

    public Func<AdminCall, Task> Answer => answer;

    /// <summary>A route for GET answers HEAD too; the HTTP server leaves out the body.</summary>
    public bool Accepts(string asked) => string.Equals(asked, method, StringComparison.OrdinalIgnoreCase) || HttpMethods.IsHead(asked) && HttpMethods.IsGet(method);

    public bool Matches(string path, out Dictionary<string, string> values)
    {
        values = new(StringComparer.Ordinal);
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != segments.Length) return false;
        for (var i = 0; i < parts.Length; i++)
        {
            if (segments[i] is ['{', .., '}'] variable) values[variable[1..^1]] = parts[i];
            else if (segments[i] != parts[i]) return false;
        }
        return true;
    }
}

/// <summary>A request for a route. What an answer throws becomes the API's <c>Status</c>; <see cref="HttpContext.RequestAborted"/> cancels it.</summary>
internal sealed class AdminCall(HttpContext http, IReadOnlyDictionary<string, string> values)
{
    public HttpContext Http => http;

    public CancellationToken Cancellation => http.RequestAborted;

    /// <summary>The segment in braces of that name.</summary>
    public string this[string name] => values[name];

    /// <summary>That segment, or null when the route has none.</summary>
    public string? Find(string name) => values.GetValueOrDefault(name);

    /// <summary>A query parameter, or null when it is absent or empty.</summary>
    public string? Query(string name) => http.Request.Query[name].ToString() is { Length: > 0 } value ? value : null;

    public Task ErrorAsync(ApiError error)
    {
        http.Response.StatusCode = error.Code;
        return WriteAsync("application/json", KubeJson.ToUtf8(error.ToStatus()));
    }

    public Task TextAsync(string text, string contentType = "text/plain; charset=utf-8") => WriteAsync(contentType, System.Text.Encoding.UTF8.GetBytes(text));

    private Task WriteAsync(string contentType, byte[] body)
    {
        http.Response.ContentType = contentType;
        http.Response.ContentLength = body.Length;
        return http.Response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }
}
