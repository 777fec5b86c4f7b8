namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>Files that hold credentials: mode 0600 from their first byte on, and replaced as a whole or not at all.</summary>
public static class PrivateFile
{
    /// <summary>
    /// Writes beside the target and renames over it. A symbolic link stays one: what it points to is replaced. Fails with a
    /// <see cref="KubeconfigException"/> that leaves the old content in place.
    /// </summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var target = new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
        var directory = Path.GetDirectoryName(target)!;
        var temporary = Path.Combine(directory, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}.tmp");
        try
        {
            CreateDirectory(directory);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            try
            {
                File.Delete(temporary);
            }
            catch (Exception again) when (again is IOException or UnauthorizedAccessException)
            {
                // The first failure is the one worth telling.
            }
            throw new KubeconfigException($"cannot write {target}: {e.Message}", "The old content is still there. Check permissions and free space.", e);
        }
    }

    /// <summary>Makes a directory that only its owner may enter, if it is not there.</summary>
    internal static void CreateDirectory(string directory)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(directory);
        else Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
