# What the laboratory's guest is made of. Read by `dev`; expects `cache` and
# tools.sh.

# QEMU without its windows; udev, kmod, busybox, grep and setpriv go into the
# guest from this machine.
need_lab() {
    need --lean qemu-system-x86 busybox-static udev kmod grep util-linux binutils libc-bin
    lab_kernel
}

kernel_package() {
    apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1
}

# Debian's kernel, unpacked and not installed: its file is then in kernel, the
# folder of its modules in modules.
lab_kernel() {
    local package release folder
    package="$(kernel_package)"
    if [ -z "$package" ]; then
        as_root apt-get update -qq
        package="$(kernel_package)"
    fi
    [ -n "$package" ] || {
        echo "dev: apt knows no linux-image-amd64: the laboratory needs Debian's kernel" >&2
        exit 1
    }
    release="${package#linux-image-}"
    folder="$cache/lab/$release"
    if [ ! -e "$folder/complete" ]; then
        echo "dev: fetching $package, to unpack it"
        rm -rf "$folder"
        mkdir -p "$folder"
        (
            cd "$folder"
            apt-get download -qq "$package"
            dpkg-deb --fsys-tarfile "$package"_*.deb | tar -x --wildcards \
                '*/boot/vmlinuz-*' '*/lib/modules/*/modules.*' '*/lib/modules/*/kernel/drivers/hid/*' \
                '*/lib/modules/*/kernel/drivers/input/*' '*/lib/modules/*/kernel/drivers/usb/*'
            rm -f "$package"_*.deb
            # Later releases keep them below usr.
            [ -d lib/modules ] || mv usr/lib .
            PATH="$PATH:/sbin:/usr/sbin" depmod -b . "$release"
        )
        touch "$folder/complete"
    fi
    kernel="$folder/boot/vmlinuz-$release"
    modules="$folder/lib/modules/$release"
}
