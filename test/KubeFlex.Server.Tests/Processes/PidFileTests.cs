using System.Diagnostics;
using KubeFlex.Server.Processes;

namespace KubeFlex.Server.Tests.Processes;

public sealed class PidFileTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("kubeflex-pid-");

    private string File => Path.Combine(directory.FullName, "a.pid");

    public void Dispose() => directory.Delete(true);

    [Fact]
    public async Task A_survivor_is_killed_and_somebody_elses_process_of_that_id_is_not()
    {
        using var process = Process.Start(new ProcessStartInfo("sleep", ["600"]))!;
        try
        {
            PidFile.Write(File, process.Id);
            var text = await System.IO.File.ReadAllTextAsync(File, TestContext.Current.CancellationToken);
            // The same id, started at another moment.
            await System.IO.File.WriteAllTextAsync(File, $"{process.Id} 1{text.Split(' ')[1]}", TestContext.Current.CancellationToken);
            Assert.Null(PidFile.Sweep(File));
            Assert.False(System.IO.File.Exists(File));
            Assert.False(process.HasExited);

            PidFile.Write(File, process.Id);
            Assert.Equal(process.Id, PidFile.Sweep(File));
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
            Assert.False(System.IO.File.Exists(File));

            await System.IO.File.WriteAllTextAsync(File, text, TestContext.Current.CancellationToken);
            Assert.Null(PidFile.Sweep(File));
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    [Fact]
    public async Task A_damaged_file_is_only_removed()
    {
        await System.IO.File.WriteAllTextAsync(File, "what?", TestContext.Current.CancellationToken);
        Assert.Null(PidFile.Sweep(File));
        Assert.False(System.IO.File.Exists(File));
    }
}
