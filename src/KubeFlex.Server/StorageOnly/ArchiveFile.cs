namespace KubeFlex.Server.StorageOnly;

/// <summary>Backups in files: written whole or not at all, readable only for their owner; <c>-</c> is standard output or input.</summary>
internal static class ArchiveFile
{
    public static Stream OpenRead(string file) => file == "-" ? Console.OpenStandardInput() : new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.Asynchronous | FileOptions.SequentialScan);

    public static async Task WriteAsync(string file, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        if (file == "-")
        {
            await using var output = Console.OpenStandardOutput();
            await write(output, cancellation);
            await output.FlushAsync(cancellation);
            return;
        }
        var temporary = $"{file}.{Environment.ProcessId}.tmp";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Options = FileOptions.Asynchronous, BufferSize = 1 << 16 };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var stream = new FileStream(temporary, options))
            {
                await write(stream, cancellation);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, file, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
