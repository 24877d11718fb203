# Run by CPack when all is installed below CPACK_TEMPORARY_INSTALL_DIRECTORY, a directory for each
# component: adds what Debian's policy wants in a package, and compresses what it wants compressed.
set(here ${CMAKE_CURRENT_LIST_DIR})

# compress(FILE...): each becomes FILE.gz, the same bytes at any time.
function(compress)
  if(ARGN)
    execute_process(COMMAND gzip -9nf ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
  endif()
endfunction()

# add_documents(ROOT PACKAGE COMPONENT)
function(add_documents root package component)
  set(documents ${root}/usr/share/doc/${package})
  set(maintainer "${CPACK_DEBIAN_PACKAGE_MAINTAINER}")
  set(version "${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")
  # As date -R writes it; of the time that SOURCE_DATE_EPOCH names, if it does.
  string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
  configure_file(${here}/debian/copyright ${documents}/copyright COPYONLY)
  configure_file(${here}/debian/changelog.in ${documents}/changelog.Debian @ONLY)
  file(COPY_FILE ${here}/../CHANGELOG.md ${documents}/changelog)
  file(REMOVE ${documents}/CHANGELOG.md)
  compress(${documents}/changelog.Debian ${documents}/changelog)
  configure_file(${here}/debian/${component}.lintian-overrides
    ${root}/usr/share/lintian/overrides/${package} COPYONLY)
endfunction()

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component})
  string(TOUPPER ${component} upper)
  add_documents(${root} ${CPACK_DEBIAN_${upper}_PACKAGE_NAME} ${component})
  file(GLOB pages ${root}/usr/share/man/man*/*.[1-8])
  compress(${pages})
  file(GLOB_RECURSE archives ${root}/usr/lib/*.a)
  foreach(archive IN LISTS archives)
    execute_process(COMMAND strip --strip-debug --enable-deterministic-archives
      --remove-section=.comment ${archive} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  # Whatever the umask is.
  execute_process(COMMAND chmod -R u+rwX,go+rX,go-w ${root} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
