using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using KubeFlex.Server.Admin;
using KubeFlex.Storage;
using KubeFlex.Storage.Archive;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace KubeFlex.Server.Backup;

/// <summary>
/// Backups over HTTP: <c>GET /kubeflex/backup</c> and <c>GET /kubeflex/controlplanes/NAME/backup</c> stream one out,
/// <c>POST /kubeflex/controlplanes/NAME/restore</c> takes one in, <c>POST /kubeflex/controlplanes/NAME/migrate</c> moves a control plane and
/// answers with a JSON object per line while it does. <paramref name="bring"/> has other servers hand over a control plane, or with null all of them.
/// </summary>
internal sealed class BackupRoutes(ServerBackup backup, Restore restore, Migration migration, Func<string?, CancellationToken, Task> bring)
{
    private const int MostBytesOfWish = 16 << 10;

    public AdminRoute[] All =>
    [
        new("GET", "/kubeflex/backup", call => GuardAsync(call, () => SendAsync(call, backup.AllAsync))),
        new("GET", "/kubeflex/controlplanes/{name}/backup", call => GuardAsync(call, () => SendAsync(call, (compression, stop) => backup.OneAsync(call["name"], compression, stop)))),
        new("POST", "/kubeflex/controlplanes/{name}/restore", call => GuardAsync(call, () => RestoreAsync(call))),
        new("POST", "/kubeflex/controlplanes/{name}/migrate", call => GuardAsync(call, () => MigrateAsync(call))),
    ];

    private static async Task SendAsync(AdminCall call, Func<ArchiveCompression, CancellationToken, Task<PreparedBackup>> prepare)
    {
        var wish = call.Query("compression") ?? nameof(ArchiveCompression.Gzip);
        if (!Enum.TryParse<ArchiveCompression>(wish, ignoreCase: true, out var compression) || !Enum.IsDefined(compression) || char.IsAsciiDigit(wish[0]))
            throw BackupFailure.Bad($"compression: \"{wish}\" is not known: write none, gzip, deflate or brotli");
        var prepared = await prepare(compression, call.Cancellation);
        call.Http.Response.ContentType = "application/vnd.kubeflex.backup";
        try
        {
            await prepared.WriteAsync(call.Http.Response.Body, call.Cancellation);
        }
        catch (Exception e) when (call.Http.Response.HasStarted && e is StorageException or IOException)
        {
            // Words can no longer be said: what arrived must look cut off, and does.
            call.Http.Abort();
        }
    }

    private async Task RestoreAsync(AdminCall call)
    {
        // Whoever pipes a backup in may pause.
        if (call.Http.Request.Protocol == HttpProtocol.Http11 && call.Http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        var result = await restore.RunAsync(call["name"], call.Http.Request.Body, call.Query("certificates") == "true", call.Cancellation);
        await call.TextAsync(result.ToJsonString(KubeJson.Relaxed) + "\n", "application/json");
    }

    private async Task MigrateAsync(AdminCall call)
    {
        var to = await WishAsync(call);
        var http = call.Http;
        async Task SayAsync(string key, string text)
        {
            if (!http.Response.HasStarted) http.Response.ContentType = "application/x-ndjson";
            await http.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(new JsonObject { [key] = text }.ToJsonString(KubeJson.Relaxed) + "\n"), call.Cancellation);
            await http.Response.Body.FlushAsync(call.Cancellation);
        }
        try
        {
            await migration.RunAsync(call["name"], to, text => SayAsync("progress", text), call.Cancellation);
            await SayAsync("done", Places.Shown(to));
        }
        catch (Exception e) when (http.Response.HasStarted && e is BackupFailure or StorageException)
        {
            await SayAsync("error", e.Message);
        }
    }

    private static async Task<string> WishAsync(AdminCall call)
    {
        var body = new byte[MostBytesOfWish];
        var length = await call.Http.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, call.Cancellation);
        try
        {
            if (length < body.Length && (string?)JsonNode.Parse(body.AsSpan(0, length))?["to"] is { Length: > 0 } to) return to;
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException)
        {
            // Said below.
        }
        throw BackupFailure.Bad("the body must be a JSON object with \"to\": shared, dedicated or the URL of a datastore");
    }

    private async Task GuardAsync(AdminCall call, Func<Task> answer)
    {
        try
        {
            // Stores are copied and replaced by the server that has them.
            await bring(call.Find("name"), call.Cancellation);
            await answer();
        }
        catch (BackupFailure e) when (!call.Http.Response.HasStarted)
        {
            await call.ErrorAsync(e.Error);
        }
        catch (ArchiveException e) when (!call.Http.Response.HasStarted)
        {
            await call.ErrorAsync(ApiError.BadRequest(e.Message));
        }
        catch (StorageException e) when (e.Failure == StorageFailure.Invalid && !call.Http.Response.HasStarted)
        {
            await call.ErrorAsync(ApiError.BadRequest(e.Message));
        }
    }
}
