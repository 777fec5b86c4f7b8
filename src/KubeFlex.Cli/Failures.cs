using System.Net.Http;
using System.Security.Authentication;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli;

/// <summary>The one place that turns failures into words and an exit code. Nobody sees a stack trace for something they can repair.</summary>
internal static class Failures
{
    public static async Task<int> GuardAsync(CliSession session, Func<Task<int>> run, CancellationToken cancellation)
    {
        try
        {
            return await run();
        }
        catch (Exception e) when (Explain(session, e, cancellation) is { } failure)
        {
            await session.Host.Error.WriteLineAsync($"error: {failure.Message}");
            if (failure.WayOut is { } wayOut) await session.Host.Error.WriteLineAsync(wayOut);
            return failure.ExitCode;
        }
    }

    /// <summary>The words for a failure; null for one that is a defect.</summary>
    public static CliException? Explain(CliSession session, Exception e, CancellationToken cancellation) => e switch
    {
        CliException own => own,
        KubeconfigException k => new(k.Message, ExitCodes.BadKubeconfig, k.WayOut),
        KubeApiException api => Answer(session, api),
        OperationCanceledException when cancellation.IsCancellationRequested => new("interrupted", ExitCodes.Interrupted),
        OperationCanceledException { InnerException: TimeoutException } => Unreachable(session, "it does not answer"),
        HttpRequestException { InnerException: AuthenticationException tls } => Untrusted(session, tls),
        AuthenticationException tls => Untrusted(session, tls),
        HttpRequestException http => Unreachable(session, http.InnerException?.Message ?? http.Message),
        IOException or UnauthorizedAccessException => new(e.Message, ExitCodes.Failed),
        _ => null,
    };

    private static CliException Answer(CliSession session, KubeApiException e)
    {
        var context = session.Connection?.Context;
        return e.Code switch
        {
            401 => new($"the server {session.Connection?.Server} does not accept the credentials of context \"{context}\"", ExitCodes.Failed,
                $"They may have expired or belong to another server. For a control plane, fetch them again: kflex ctx {context} --overwrite-existing-context"),
            403 => new($"{e.Message} (context \"{context}\")", ExitCodes.Failed, "Use a context whose user may do this."),
            404 => new($"{e.Message} (context \"{context}\")", ExitCodes.NotFound),
            _ => new($"{e.Message} (context \"{context}\", server {session.Connection?.Server})", ExitCodes.Failed),
        };
    }

    private static CliException Untrusted(CliSession session, AuthenticationException e) => new(
        $"the server {session.Connection?.Server} of context \"{session.Connection?.Context}\" shows a certificate that the context does not trust: {e.Message}", ExitCodes.Unreachable,
        "If the server was set up anew, renew the context: kflex init --embedded for the hosting one, kflex ctx NAME --overwrite-existing-context for a control plane.");

    private static CliException Unreachable(CliSession session, string why) => new(
        $"cannot reach the server {session.Connection?.Server} of context \"{session.Connection?.Context}\": {why}", ExitCodes.Unreachable,
        session.Connection?.Server.IsLoopback == true ? "It is on this machine. If it is KubeFlex's own, start it: kflex init --embedded"
            : "Check that it runs, and that this machine can reach it; or choose another hosting context: kflex config set-hosting CONTEXT");
}
