using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Channels;

namespace KubeFlex.Server.Processes;

/// <summary>
/// What a program writes, in a file of bounded size: full, it becomes <c>.1</c>, and the one before <c>.2</c>. Lives across restarts of program and server.
/// </summary>
internal sealed partial class ProcessLog(string file, long fileBytes = ProcessLog.FileBytes) : IDisposable
{
    public const long FileBytes = 8 << 20;
    private const int Older = 2;

    /// <summary>Longest line kept whole.</summary>
    public const int LineBytes = 32 << 10;

    private readonly Lock gate = new();
    private readonly List<Channel<string>> followers = [];
    private FileStream? open;
    private bool closed;

    /// <summary>Writes one line.</summary>
    public void Append(string line)
    {
        lock (gate)
        {
            if (closed) return;
            foreach (var follower in followers) follower.Writer.TryWrite(line);
            try
            {
                open ??= Open();
                open.Write(Encoding.UTF8.GetBytes(line + "\n"));
                if (open.Length >= fileBytes) Rotate();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A full disk costs log lines, not the program: it would stand still if nobody read what it writes.
            }
        }
    }

    /// <summary>The last lines, oldest first; all that is kept for 0.</summary>
    public IReadOnlyList<string> Tail(int count)
    {
        lock (gate) return Read(count);
    }

    /// <summary>The last lines, and every one after them until the channel is given to <see cref="Unfollow"/>.</summary>
    public (IReadOnlyList<string> Tail, Channel<string> Follower) Follow(int count)
    {
        // A reader too slow for the program loses lines; it must not hold it up.
        var follower = Channel.CreateBounded<string>(new BoundedChannelOptions(8192) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        lock (gate)
        {
            if (closed) follower.Writer.Complete();
            else followers.Add(follower);
            return (Read(count), follower);
        }
    }

    public void Unfollow(Channel<string> follower)
    {
        lock (gate) followers.Remove(follower);
    }

    /// <summary>What the program said about its end: its last line of an error, else its last line. Without klog's header, which has the time in it.</summary>
    public string? LastWords()
    {
        var last = Tail(40).Where(l => !l.StartsWith(SupervisedProgram.Remark, StringComparison.Ordinal) && l.Trim().Length > 0).ToList();
        var words = last.FindLast(l => Complaint().IsMatch(l)) ?? last.LastOrDefault();
        if (words is null) return null;
        words = Header().Replace(words, "").Trim();
        return words.Length > 300 ? words[..297] + "..." : words;
    }

    public void Dispose()
    {
        lock (gate)
        {
            closed = true;
            open?.Dispose();
            open = null;
            foreach (var follower in followers) follower.Writer.TryComplete();
            followers.Clear();
        }
    }

    private FileStream Open()
    {
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(file, options);
    }

    private void Rotate()
    {
        open!.Dispose();
        open = null;
        for (var i = Older; i > 0; i--)
        {
            var from = i == 1 ? file : $"{file}.{i - 1}";
            if (File.Exists(from)) File.Move(from, $"{file}.{i}", overwrite: true);
        }
    }

    private List<string> Read(int count)
    {
        var lines = new List<string>();
        for (var i = 0; i <= Older && (count == 0 || lines.Count < count); i++)
        {
            var path = i == 0 ? file : $"{file}.{i}";
            if (!File.Exists(path)) continue;
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream);
            var here = new Queue<string>();
            while (reader.ReadLine() is { } line)
            {
                here.Enqueue(line);
                if (count > 0 && here.Count > count - lines.Count) here.Dequeue();
            }
            lines.InsertRange(0, here);
        }
        return lines;
    }

    [GeneratedRegex("^([EF][0-9]{4} |error|fatal|panic)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Complaint();

    // klog: Lmmdd hh:mm:ss.uuuuuu threadid file:line] message
    [GeneratedRegex(@"^[IWEF][0-9]{4} [0-9:.]+\s+[0-9]+ [^\]]*\] ", RegexOptions.CultureInvariant)]
    private static partial Regex Header();
}
