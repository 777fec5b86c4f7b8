using System.Net;
using System.Text;
using KubeFlex.ApiServer;
using KubeFlex.Server.InProcess;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.Server.Tests.InProcess;

public sealed class InProcessHandlerTests
{
    private static HttpClient Client(Func<HttpContext, Task> api) =>
        new(new InProcessHandler(api, new UserInfo("tester", ["system:masters"]))) { BaseAddress = new Uri("https://in-process/") };

    [Fact]
    public async Task Request_and_answer_pass_through()
    {
        using var client = Client(async context =>
        {
            Assert.Equal("tester", context.Features.Get<AuthenticatedUser>()!.User.Name);
            Assert.Equal(("PUT", "/a b/c", "?x=1"), (context.Request.Method, context.Request.Path.Value, context.Request.QueryString.Value));
            using var reader = new StreamReader(context.Request.Body);
            context.Response.StatusCode = 409;
            context.Response.ContentType = "application/json";
            context.Response.Headers["X-Test"] = "yes";
            await context.Response.WriteAsync(await reader.ReadToEndAsync());
        });
        using var body = new StringContent("echo");
        using var response = await client.PutAsync(new Uri("a%20b/c?x=1", UriKind.Relative), body);
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("yes", response.Headers.GetValues("X-Test").Single());
        Assert.Equal("echo", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_stream_arrives_while_it_is_written_and_ends_with_its_reader()
    {
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var client = Client(async context =>
        {
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes("first\n"));
            await context.Response.Body.FlushAsync();
            using var registration = context.RequestAborted.Register(aborted.SetResult);
            await aborted.Task;
        });
        using (var response = await client.GetAsync(new Uri("watch", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead))
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            Assert.Equal("first", await reader.ReadLineAsync());
        }
        await aborted.Task.WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_cancelled_call_ends_the_request()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var client = Client(async context =>
        {
            entered.SetResult();
            using var registration = context.RequestAborted.Register(ended.SetResult);
            await ended.Task;
        });
        using var cancel = new CancellationTokenSource();
        var call = client.GetAsync(new Uri("slow", UriKind.Relative), cancel.Token);
        await entered.Task;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await ended.Task.WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_failing_handler_fails_the_call()
    {
        using var client = Client(_ => throw new InvalidOperationException("broken"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.GetAsync(new Uri("x", UriKind.Relative)));
    }

    [Fact]
    public async Task A_large_answer_is_not_cut()
    {
        using var client = Client(async context =>
        {
            for (var i = 0; i < 100; i++) await context.Response.Body.WriteAsync(new byte[10_000]);
        });
        Assert.Equal(1_000_000, (await client.GetByteArrayAsync(new Uri("big", UriKind.Relative))).Length);
    }
}
