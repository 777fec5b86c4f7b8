using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Tenancy;

/// <summary>What several verbs do with control planes: find, wait, fetch the kubeconfig, switch to it.</summary>
internal sealed class ControlPlaneAccess(CliSession session, KubeConnection hosting)
{
    public KubeConnection Hosting => hosting;

    /// <summary>The control plane; says which exist when it does not.</summary>
    public async Task<ControlPlaneView> GetAsync(string name, CancellationToken cancellation)
    {
        if (await hosting.Client.FindAsync(Resources.ControlPlanes.Named(name), cancellation) is { } found) return new ControlPlaneView(found);
        var names = (await ListAsync(cancellation)).Select(cp => new ControlPlaneView(cp).Name).Order(StringComparer.Ordinal).ToList();
        throw new CliException($"there is no control plane \"{name}\" on context \"{hosting.Context}\"", ExitCodes.NotFound,
            names.Count == 0 ? $"There is none at all. Make it: kflex create {name}" : $"There are: {string.Join(", ", names)}. Make it: kflex create {name}");
    }

    /// <summary>All control planes.</summary>
    public async Task<IReadOnlyList<JsonObject>> ListAsync(CancellationToken cancellation)
    {
        var list = await InstalledAsync(hosting.Client.ListAsync(Resources.ControlPlanes, null, cancellation));
        return [.. (list["items"] as JsonArray ?? []).OfType<JsonObject>()];
    }

    /// <summary>Rows of <see cref="ControlPlaneTable"/> as the server prints them: of a thousand control planes it sends a twentieth. Null when it prints other ones.</summary>
    public async Task<IReadOnlyList<IReadOnlyList<string>>?> TableAsync(CancellationToken cancellation) =>
        ControlPlaneTable.Rows(await InstalledAsync(hosting.Client.ListTableAsync(Resources.ControlPlanes, cancellation)));

    private async Task<JsonObject> InstalledAsync(Task<JsonObject> list)
    {
        try
        {
            return await list;
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            throw NotInstalled();
        }
    }

    public CliException NotInstalled() => new($"the server of context \"{hosting.Context}\" ({hosting.Server}) does not know control planes: KubeFlex is not installed there",
        ExitCodes.NotFound, HostingResolver.InitHint);

    /// <summary>
    /// Waits until it is Ready (and its hooks are done, if wanted), saying what is missing meanwhile. Fails at once when the operator says that it goes no
    /// further: then nothing comes of waiting.
    /// </summary>
    public async Task<ControlPlaneView> WaitReadyAsync(string name, TimeSpan timeout, CancellationToken cancellation, bool hooks = false)
    {
        ControlPlaneView? last = null;
        string? complaint = null;
        using var step = session.Talk.Begin($"Waiting for control plane {name} to become Ready");
        try
        {
            await Deadline.WithinAsync(timeout, session.Host.Time, token => ObjectWait.UntilAsync(hosting.Client, Resources.ControlPlanes.Named(name), obj =>
            {
                if (obj is null) throw new CliException($"control plane {name} was deleted while it was waited for", ExitCodes.NotFound);
                last = new ControlPlaneView(obj);
                var done = last.IsReady && (!hooks || last.HooksCompleted);
                if (!done && last.IsBlocked)
                    throw new CliException(last.IsReady ? $"control plane {name} is Ready, but its hooks cannot be done: {last.Waiting}" : $"control plane {name} cannot become Ready: {last.Waiting}",
                        ExitCodes.Failed, $"It stays as it is until that is changed: kubectl --context {hosting.Context} edit controlplane {name}. Or remove it: kflex delete {name}");
                if (!done) step.Update(last.IsReady ? $"Waiting for the hooks of control plane {name}: {PendingHooks(last)}" : $"Waiting for control plane {name} to become Ready: {last.Waiting}");
                // Also when there is nothing to wait for any more: hooks that failed do not keep it from being Ready.
                if (last.Problem is { } problem && problem != complaint) session.Talk.Warn($"{name}: {complaint = problem}");
                return done;
            }, session.Host.Time, token), () => new CliException(last is { IsReady: true }
                    ? $"control plane {name} is Ready, but its hooks are not done within {timeout.TotalSeconds:0} s: {PendingHooks(last)}"
                    : $"control plane {name} did not become Ready within {timeout.TotalSeconds:0} s: {last?.Waiting}", ExitCodes.Timeout,
                $"It stays, and the operator goes on trying. Use it when it is Ready: kflex ctx {name}. Or remove it: kflex delete {name}"), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new CliException("interrupted", ExitCodes.Interrupted, $"Control plane {name} is still being made. Use it when it is Ready: kflex ctx {name}. Or remove it: kflex delete {name}");
        }
        return last!;
    }

    /// <summary>
    /// Waits until its kubeconfig names the port at which the embedded server answers now. After a start at another port it is Ready from
    /// before, and its secret follows a moment later.
    /// </summary>
    public async Task WaitAddressAsync(ControlPlaneView controlPlane, int port, TimeSpan timeout, CancellationToken cancellation)
    {
        if (controlPlane.Secret is not { Key: { } key } reference) return;
        string? named = null;
        await Deadline.WithinAsync(timeout, session.Host.Time, token => ObjectWait.UntilAsync(hosting.Client, Resources.Secrets.In(reference.Namespace).Named(reference.Name), secret =>
        {
            var text = ControlPlaneView.Text(secret?["data"]?[key]);
            if (text.Length == 0 || !ObjectReader.ReadYaml(Convert.FromBase64String(text)).TryGet(out var parsed, out _)) return false;
            named = ControlPlaneEntries.ServerOf(parsed.Object);
            return Uri.TryCreate(named, UriKind.Absolute, out var url) && url.Port == port;
        }, session.Host.Time, token), () => new CliException($"the kubeconfig of control plane {controlPlane.Name} names {named ?? "no server"}, but the server listens at port {port}", ExitCodes.Timeout,
            "Try again in a moment; if it stays so, see the server's log."), cancellation);
    }

    /// <summary>Its kubeconfig, from the secret that its status names.</summary>
    public async Task<JsonObject> KubeconfigAsync(ControlPlaneView controlPlane, bool inCluster, CancellationToken cancellation)
    {
        var text = await KubeconfigTextAsync(controlPlane, inCluster, cancellation);
        return ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(text)).TryGet(out var parsed, out var error) ? parsed.Object
            : throw new CliException($"the kubeconfig in the secret of {controlPlane.Name} is corrupt: {error.Message}", ExitCodes.Failed);
    }

    /// <summary>The same as text.</summary>
    public async Task<string> KubeconfigTextAsync(ControlPlaneView controlPlane, bool inCluster, CancellationToken cancellation)
    {
        var reference = controlPlane.Secret ?? throw new CliException($"control plane {controlPlane.Name} has no kubeconfig yet: {controlPlane.Waiting}", ExitCodes.NotFound,
            $"Wait until it is Ready: kubectl --context {hosting.Context} wait --for=condition=Ready controlplane/{controlPlane.Name}");
        var secret = await hosting.Client.GetAsync(Resources.Secrets.In(reference.Namespace).Named(reference.Name), cancellation);
        // An external control plane has only the in-cluster key, whatever its status says.
        string?[] keys = inCluster ? [reference.InClusterKey] : [reference.Key, reference.InClusterKey];
        foreach (var key in keys.OfType<string>())
            if (ControlPlaneView.Text(secret["data"]?[key]) is { Length: > 0 } data) return Encoding.UTF8.GetString(Convert.FromBase64String(data));
        throw new CliException($"the secret {reference.Namespace}/{reference.Name} of control plane {controlPlane.Name} has no kubeconfig under {string.Join(" or ", keys.OfType<string>())}", ExitCodes.NotFound);
    }

    /// <summary>Brings the control plane into the user's kubeconfig and makes it current; answers the context. A <c>host</c> one is the hosting context.</summary>
    public async Task<string> SwitchToAsync(ControlPlaneView controlPlane, CancellationToken cancellation)
    {
        var source = controlPlane.Type == "host" ? null : await KubeconfigAsync(controlPlane, inCluster: false, cancellation);
        return await session.Kubeconfigs.EditAsync(config =>
        {
            if (source is not null) ControlPlaneEntries.Merge(config, controlPlane.Name, source, session.Host.Time);
            return config.CurrentContext = source is null ? hosting.Context : controlPlane.Name;
        }, cancellation);
    }

    private static string PendingHooks(ControlPlaneView view) => string.Join(", ", view.Hooks.Where(h => !h.Done).Select(h => h.Name));

    /// <summary>Refuses to overwrite a context of that name which KubeFlex did not make.</summary>
    public static void CheckContextIsFree(Kubeconfig config, string name)
    {
        if (config.FindContext(name) is not null && !ControlPlaneEntries.IsManaged(config, name))
            throw new CliException($"{config.Location} has a context \"{name}\" that KubeFlex did not make; it would be overwritten", ExitCodes.AlreadyExists,
                $"Rename it: kflex ctx rename {name} NEW-NAME. Or choose another name for the control plane.");
    }
}
