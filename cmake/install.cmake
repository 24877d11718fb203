# What is installed, in three components: tool; library, for programs that run; development, for
# those that are built. All of it may be moved as a whole: every path is relative to the file that
# names it.
include(CMakePackageConfigHelpers)

set(headers include/df.h include/df_abi.h)
if(DF_LIBRARY)
  list(APPEND headers include/dynamic_flag.h include/an_hook.h)
endif()
install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
if(DF_TOOL)
  install(FILES README.md SECURITY.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR}
    COMPONENT tool)
endif()

install(TARGETS df_headers EXPORT df)
if(DF_LIBRARY)
  install(TARGETS df df_shared EXPORT df
    ARCHIVE COMPONENT development
    LIBRARY COMPONENT library NAMELINK_COMPONENT development)
endif()

# ---- pkg-config: df for the macros alone, libdf for the functions as well ----

# From the directory of the .pc files to the prefix; a libdir that lies elsewhere stays as it is.
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR} OR IS_ABSOLUTE ${CMAKE_INSTALL_INCLUDEDIR})
  set(df_pc_prefix ${CMAKE_INSTALL_PREFIX})
  set(df_pc_libdir ${CMAKE_INSTALL_FULL_LIBDIR})
  set(df_pc_includedir ${CMAKE_INSTALL_FULL_INCLUDEDIR})
else()
  file(RELATIVE_PATH df_up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" df_up "${df_up}")
  set(df_pc_prefix "\${pcfiledir}/${df_up}")
  set(df_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(df_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()

set(df_pc df)
if(DF_LIBRARY)
  list(APPEND df_pc libdf)
endif()
foreach(name IN LISTS df_pc)
  configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endforeach()

# ---- find_package(df CONFIG) ----

set(df_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/df)
install(EXPORT df NAMESPACE df:: FILE dfTargets.cmake DESTINATION ${df_cmake_dir}
  COMPONENT development)
configure_package_config_file(cmake/dfConfig.cmake.in dfConfig.cmake
  INSTALL_DESTINATION ${df_cmake_dir})
write_basic_package_version_file(dfConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/dfConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/dfConfigVersion.cmake DESTINATION ${df_cmake_dir}
  COMPONENT development)
