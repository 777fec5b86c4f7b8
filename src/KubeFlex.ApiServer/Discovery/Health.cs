using System.Text;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.ApiServer.Discovery;

/// <summary><c>/healthz</c>, <c>/livez</c>, <c>/readyz</c> with named checks, <c>?verbose</c> and <c>?exclude=</c>.</summary>
internal sealed class Health(ControlPlane plane)
{
    public static readonly string[] Checks = ["ping", "log", "etcd", "poststarthook/bootstrap", "poststarthook/crd-informer-synced"];

    public async Task HandleAsync(HttpContext http, string[] parts)
    {
        var root = parts[0];
        var name = string.Join('/', parts.AsSpan(1)!);
        if (name.Length > 0)
        {
            if (!Checks.Contains(name)) { await Answer.TextAsync(http, 404, NonResourceEndpoints.NotFoundPage); return; }
            var why = await CheckAsync(name, root, http.RequestAborted);
            if (why is null) await Answer.TextAsync(http, 200, "ok");
            else await Answer.TextAsync(http, 500, $"internal server error: {why}\n");
            return;
        }
        var excluded = http.Request.Query["exclude"];
        var text = new StringBuilder();
        var failed = false;
        foreach (var check in Checks)
        {
            if (excluded.Contains(check)) { text.Append("[+]").Append(check).Append(" excluded: ok\n"); continue; }
            var why = await CheckAsync(check, root, http.RequestAborted);
            failed |= why is not null;
            text.Append(why is null ? $"[+]{check} ok\n" : $"[-]{check} failed: {why}\n");
        }
        if (failed) await Answer.TextAsync(http, 500, $"{text}{root} check failed\n");
        else if (http.Request.Query.ContainsKey("verbose")) await Answer.TextAsync(http, 200, $"{text}{root} check passed\n");
        else await Answer.TextAsync(http, 200, "ok");
    }

    private async ValueTask<string?> CheckAsync(string check, string root, CancellationToken cancellation)
    {
        if (check == "etcd")
        {
            try
            {
                await plane.Store.ViewAsync(cancellation);
                return null;
            }
            catch (StorageException e)
            {
                return e.Public;
            }
        }
        return check.StartsWith("poststarthook/", StringComparison.Ordinal) && root != "livez" && !plane.Started ? "not finished" : null;
    }
}
