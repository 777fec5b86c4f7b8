using KubeFlex.Server.Configuration;
using KubeFlex.Server.Data;

namespace KubeFlex.Server.Tests.Data;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("kubeflex-data-").FullName;

    [Fact]
    public void One_server_at_a_time_and_the_next_when_it_is_gone()
    {
        var path = Path.Combine(home, "data");
        using (DataDirectory.Open(path))
        {
            var refused = Assert.Throws<StartupException>(() => DataDirectory.Open(path));
            Assert.Equal(ExitCode.AlreadyRunning, refused.ExitCode);
            Assert.Contains(path, refused.Message, StringComparison.Ordinal);
        }
        DataDirectory.Open(path).Dispose();
    }

    [Fact]
    public void Everything_is_its_owners_only()
    {
        if (OperatingSystem.IsWindows()) return;
        using var directory = DataDirectory.Open(Path.Combine(home, "private"));
        directory.WriteServerFile("https://127.0.0.1:1");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(directory.ServerFile));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(directory.Path));
    }

    public void Dispose() => Directory.Delete(home, recursive: true);
}
