using KubeFlex.Server.Processes;

namespace KubeFlex.Server.Tests.Processes;

public sealed class BinaryAssetsTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("kubeflex-assets-");

    public void Dispose() => directory.Delete(true);

    [Fact]
    public async Task Without_a_directory_both_ways_to_name_one_are_told()
    {
        var refusal = await new BinaryAssets(null, "").RefusalAsync(null, TestContext.Current.CancellationToken);
        Assert.Contains("--binary-assets-dir", refusal, StringComparison.Ordinal);
        Assert.Contains("KUBEBUILDER_ASSETS", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_there_is_looked_at_each_time()
    {
        var assets = new BinaryAssets(directory.FullName, "--binary-assets-dir");
        async Task<string?> Refusal(string? version = null) => await assets.RefusalAsync(version, TestContext.Current.CancellationToken);
        Write("kube-apiserver", "echo Kubernetes v1.35.0");
        Assert.Contains($"looked for in {directory.FullName} (--binary-assets-dir), where kube-controller-manager is missing: put it there", await Refusal(), StringComparison.Ordinal);
        Write("kube-controller-manager", "echo Kubernetes v1.35.0", executable: false);
        Assert.Contains("kube-controller-manager cannot be run", await Refusal(), StringComparison.Ordinal);
        Write("kube-controller-manager", "echo etcd Version 3.6; exit 2");
        Assert.Contains("answers with exit code 2 and \"etcd Version 3.6\"", await Refusal(), StringComparison.Ordinal);
        Write("kube-controller-manager", "echo Kubernetes v1.35.0");
        Assert.Null(await Refusal());
        Assert.Null(await Refusal("1.35.0"));
        Assert.StartsWith("spec.version: \"1.35.1\" is asked for", await Refusal("1.35.1"), StringComparison.Ordinal);
        Write("kube-controller-manager", "echo Kubernetes v1.34.11");
        Assert.Contains("kube-controller-manager is version 1.34.11", await Refusal("1.35.0"), StringComparison.Ordinal);
    }

    private void Write(string program, string script, bool executable = true)
    {
        var file = Path.Combine(directory.FullName, program);
        File.Delete(file);
        File.WriteAllText(file, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows() && executable) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
