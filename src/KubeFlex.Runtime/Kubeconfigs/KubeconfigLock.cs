namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>
/// kubectl's convention: whoever creates <c>FILE.lock</c> may write FILE. kubectl gives up at once when the lock is taken; we wait a
/// while, since the other writer needs milliseconds.
/// </summary>
internal sealed class KubeconfigLock : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private readonly List<string> held = [];

    private KubeconfigLock()
    {
    }

    /// <summary>Locks all files, in one order for everybody so that two writers cannot wait for each other.</summary>
    public static async Task<KubeconfigLock> AcquireAsync(IEnumerable<string> files, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        var locks = new KubeconfigLock();
        try
        {
            var start = time.GetTimestamp();
            foreach (var file in files.Order(StringComparer.Ordinal))
            {
                while (!locks.TryTake(file))
                {
                    if (time.GetElapsedTime(start) > patience)
                        throw new KubeconfigException($"the kubeconfig {file} is locked: {file}.lock is there for more than {patience.TotalSeconds:0} s",
                            $"Another kubectl or kflex may be writing. If none runs, remove the lock: rm {file}.lock");
                    await Task.Delay(Pause, time, cancellation);
                }
            }
            return locks;
        }
        catch
        {
            locks.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var path in held) File.Delete(path);
        held.Clear();
    }

    private bool TryTake(string file)
    {
        var path = file + ".lock";
        try
        {
            PrivateFile.CreateDirectory(Path.GetDirectoryName(file)!);
            new FileStream(path, FileMode.CreateNew, FileAccess.Write).Dispose();
            held.Add(path);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
        catch (IOException e) when (e is not (PathTooLongException or DirectoryNotFoundException) && Directory.Exists(Path.GetDirectoryName(file)) && IsTaken(e))
        {
            // The other writer released it between our attempt and the look above.
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubeconfigException($"cannot lock the kubeconfig {file}: {e.Message}", "Check the permissions of its directory, or name another file with --kubeconfig.", e);
        }
    }

    // EEXIST on Unix, ERROR_FILE_EXISTS on Windows.
    private static bool IsTaken(IOException e) => e.HResult is 17 or unchecked((int)0x80070050);
}
