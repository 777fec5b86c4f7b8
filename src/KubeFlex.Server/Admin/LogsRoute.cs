using System.Globalization;
using System.Text;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;
using KubeFlex.Server.Processes;

namespace KubeFlex.Server.Admin;

/// <summary>
/// <c>GET /kubeflex/controlplanes/NAME/logs?component=&amp;tail=&amp;follow=</c>: what the programs of a control plane wrote, as lines of text; with several programs
/// each line begins with its program in brackets. With follow the answer goes on until the client, the control plane or the server ends.
/// </summary>
internal static class LogsRoute
{
    public static AdminRoute For(ProcessHost processes) => new("GET", "/kubeflex/controlplanes/{name}/logs", call => AnswerAsync(processes, call));

    private static async Task AnswerAsync(ProcessHost processes, AdminCall call)
    {
        if (processes.Logs(call["name"]) is not { } logs)
        {
            await call.ErrorAsync(ApiError.NotFound(new GroupResource("tenancy.kflex.kubestellar.org", "controlplanes"), call["name"]));
            return;
        }
        var component = call.Query("component");
        if (component is not null && !ProcessLogs.Programs.Contains(component))
        {
            await call.ErrorAsync(ApiError.BadRequest($"component \"{component}\" is none of {string.Join(", ", ProcessLogs.Programs)}"));
            return;
        }
        var tail = 0;
        if (call.Query("tail") is { } text && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out tail))
        {
            await call.ErrorAsync(ApiError.BadRequest($"tail \"{text}\" is not a number of lines; 0 is all of them"));
            return;
        }
        var programs = component is null ? ProcessLogs.Programs : [component];
        call.Http.Response.ContentType = "text/plain; charset=utf-8";
        if (call.Query("follow") is "true" or "1") await FollowAsync(call, logs, programs, tail);
        else
        {
            foreach (var program in programs) await WriteAsync(call, Lead(programs, program), logs.Of(program).Tail(tail));
        }
    }

    private static async Task FollowAsync(AdminCall call, ProcessLogs logs, IReadOnlyList<string> programs, int tail)
    {
        using var gate = new SemaphoreSlim(1, 1);
        await call.Http.Response.StartAsync(call.Cancellation);
        await Task.WhenAll(programs.Select(async program =>
        {
            var log = logs.Of(program);
            var (last, follower) = log.Follow(tail);
            try
            {
                await WriteOneAsync(Lead(programs, program), last);
                while (await follower.Reader.WaitToReadAsync(call.Cancellation))
                {
                    var lines = new List<string>();
                    while (follower.Reader.TryRead(out var line)) lines.Add(line);
                    await WriteOneAsync(Lead(programs, program), lines);
                }
            }
            finally
            {
                log.Unfollow(follower);
            }
        }));

        async Task WriteOneAsync(string lead, IReadOnlyList<string> lines)
        {
            await gate.WaitAsync(call.Cancellation);
            try
            {
                await WriteAsync(call, lead, lines);
                await call.Http.Response.Body.FlushAsync(call.Cancellation);
            }
            finally
            {
                gate.Release();
            }
        }
    }

    private static string Lead(IReadOnlyList<string> programs, string program) => programs.Count > 1 ? $"[{program}] " : "";

    private static async Task WriteAsync(AdminCall call, string lead, IReadOnlyList<string> lines)
    {
        foreach (var chunk in lines.Chunk(500))
        {
            var text = new StringBuilder();
            foreach (var line in chunk) text.Append(lead).Append(line).Append('\n');
            await call.Http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), call.Cancellation);
        }
    }
}
