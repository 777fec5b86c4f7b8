using System.Text.Json;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.StorageOnly;

/// <summary>
/// What the administrator asks of the storage service, beside etcd's API on the same port: <c>GET /stores</c> lists, <c>GET</c>, <c>PUT</c> and <c>DELETE</c> of
/// <c>/stores/&lt;name&gt;</c> look for, make and delete one. All can be repeated: PUT of one that is there and DELETE of one that is not succeed as 200 and 404.
/// </summary>
internal sealed partial class StoreAdministration(StoreDirectory stores, StoreClients clients, ILogger logger)
{
    public const string Path = "/stores";

    public async Task HandleAsync(HttpContext http)
    {
        if (!clients.Of(http.Connection.ClientCertificate).IsAdministrator)
        {
            await AnswerAsync(http, StatusCodes.Status403Forbidden, "only the administrator's certificate may do this");
            return;
        }
        try
        {
            var name = http.Request.Path.Value![Path.Length..].TrimStart('/');
            await (name.Length == 0 ? AllAsync(http) : StoreDirectory.IsName(name) ? OneAsync(http, name)
                : AnswerAsync(http, StatusCodes.Status400BadRequest, $"\"{name}\" is no name of a store: 1 to 64 lower case letters, digits, \"-\" and \".\", the first a letter or digit"));
        }
        catch (StorageException e)
        {
            Failed(logger, e, http.Request.Method, http.Request.Path.Value ?? "");
            await AnswerAsync(http, StatusCodes.Status503ServiceUnavailable, e.Public);
        }
    }

    private Task AllAsync(HttpContext http) => !HttpMethods.IsGet(http.Request.Method) ? AnswerAsync(http, StatusCodes.Status405MethodNotAllowed, "stores are listed with GET") : WriteAsync(http, StatusCodes.Status200OK, json =>
    {
        json.WriteStartArray("stores");
        foreach (var name in stores.Names) json.WriteStringValue(name);
        json.WriteEndArray();
    });

    private async Task OneAsync(HttpContext http, string name)
    {
        switch (http.Request.Method)
        {
            case "GET":
                await (stores.Contains(name) ? StoreAsync(http, StatusCodes.Status200OK, name) : AbsentAsync(http, name));
                break;
            case "PUT":
                var made = await stores.CreateAsync(name);
                if (made) Made(logger, name);
                await StoreAsync(http, made ? StatusCodes.Status201Created : StatusCodes.Status200OK, name);
                break;
            case "DELETE":
                if (await stores.DeleteAsync(name))
                {
                    Deleted(logger, name);
                    http.Response.StatusCode = StatusCodes.Status204NoContent;
                }
                else
                {
                    await AbsentAsync(http, name);
                }
                break;
            default:
                await AnswerAsync(http, StatusCodes.Status405MethodNotAllowed, "a store takes GET, PUT and DELETE");
                break;
        }
    }

    private static Task StoreAsync(HttpContext http, int status, string name) => WriteAsync(http, status, json => json.WriteString("name", name));

    private static Task AbsentAsync(HttpContext http, string name) => AnswerAsync(http, StatusCodes.Status404NotFound, $"there is no store \"{name}\"");

    private static Task AnswerAsync(HttpContext http, int status, string error) => WriteAsync(http, status, json => json.WriteString("error", error));

    private static async Task WriteAsync(HttpContext http, int status, Action<Utf8JsonWriter> members)
    {
        (http.Response.StatusCode, http.Response.ContentType) = (status, "application/json");
        await using (var json = new Utf8JsonWriter(http.Response.BodyWriter))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        await http.Response.CompleteAsync();
    }

    [LoggerMessage(415, LogLevel.Information, "Store {Name} is made")]
    private static partial void Made(ILogger logger, string name);

    [LoggerMessage(416, LogLevel.Information, "Store {Name} is deleted")]
    private static partial void Deleted(ILogger logger, string name);

    [LoggerMessage(417, LogLevel.Warning, "{Method} {Path} failed")]
    private static partial void Failed(ILogger logger, Exception error, string method, string path);
}
