namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>Reads and changes the files of a kubeconfig. Safe for concurrent use, also between processes.</summary>
public sealed class KubeconfigStore(KubeconfigPaths paths, TimeProvider time)
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);

    /// <summary>Which files.</summary>
    public KubeconfigPaths Paths => paths;

    /// <summary>The files as they are now; missing ones are empty. Fails with <see cref="KubeconfigException"/> when one is corrupt.</summary>
    public Kubeconfig Load() => Kubeconfig.Load(paths);

    /// <summary>
    /// Reads, lets <paramref name="edit"/> change, and saves what changed, all under the files' locks. Nothing is written when the edit
    /// throws or changes nothing. A file that cannot be written leaves itself and those after it as they were.
    /// </summary>
    public async Task<T> EditAsync<T>(Func<Kubeconfig, T> edit, CancellationToken cancellation)
    {
        // Most edits of a run that finds everything in place change nothing: then no lock is needed, and a read-only kubeconfig is fine.
        var rehearsal = Load();
        var unchanged = edit(rehearsal);
        if (!rehearsal.IsChanged) return unchanged;

        using (await KubeconfigLock.AcquireAsync(paths.Files, LockPatience, time, cancellation))
        {
            var config = Load();
            var result = edit(config);
            config.Save();
            return result;
        }
    }

    /// <summary>
    /// Fails as an edit would when the files cannot be written now. Asked before work whose result has to be written down: nobody wants to hear of it
    /// afterwards.
    /// </summary>
    public async Task CheckWritableAsync(CancellationToken cancellation)
    {
        using (await KubeconfigLock.AcquireAsync(paths.Files, LockPatience, time, cancellation)) _ = Load();
    }

    /// <summary>The same for an edit without a result.</summary>
    public Task EditAsync(Action<Kubeconfig> edit, CancellationToken cancellation) => EditAsync(config =>
    {
        edit(config);
        return true;
    }, cancellation);
}
