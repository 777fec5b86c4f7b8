using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Cli.Logs;

/// <summary>Logs of a control plane's child processes: the server has them and sends them, so this works from any machine.</summary>
internal sealed class ProgramLogs(CliSession session, KubeClient hosting, ControlPlaneView view) : ILogSource
{
    public async Task<int> WriteAsync(LogRequest request, CancellationToken cancellation)
    {
        var path = $"kubeflex/controlplanes/{view.Name}/logs?tail={request.Tail}{(request.Follow ? "&follow=true" : "")}{(request.Component is { } c ? $"&component={Uri.EscapeDataString(c)}" : "")}";
        var some = false;
        try
        {
            await foreach (var line in hosting.ReadLinesAsync(path, cancellation))
            {
                some = true;
                await session.Host.Out.WriteLineAsync(line);
                if (request.Follow) await session.Host.Out.FlushAsync(cancellation);
            }
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            throw new CliException($"the server has no logs of control plane {view.Name}", ExitCodes.NotFound, view.IsReady ? "Its server is older than this kflex." : $"It is not Ready: {view.Waiting}");
        }
        catch (Exception e) when (request.Follow && some && e is HttpRequestException or IOException)
        {
            throw new CliException($"the server ended: {e.Message}", ExitCodes.Unreachable);
        }
        if (!some) session.Talk.Say($"The programs of {view.Name} have written nothing yet.");
        return ExitCodes.Ok;
    }
}
